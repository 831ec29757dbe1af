import { document, element } from "./svg.ts";

export interface StackedData {
  readonly title: string;
  /** Whole pictures of this package, the first at the top. */
  readonly pictures: readonly string[];
}

/** Pictures below one another, as one. */
export function stacked({ title, pictures }: StackedData): string {
  const sizes = pictures.map(sizeOf);
  const tops = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, [, height]) => sum + height, 0));
  const width = sizes.reduce((most, [width]) => Math.max(most, width), 0);
  const height = sizes.reduce((sum, [, height]) => sum + height, 0);
  const placed = pictures.map((picture, i) =>
    element("g", { transform: `translate(0 ${tops[i]!})` }, picture),
  );
  return document(width, height, { title, description: "Pictures below one another.", style: "" }, ...placed);
}

function sizeOf(picture: string): readonly [width: number, height: number] {
  const size = /^<svg [^>]*? width="([\d.]+)" height="([\d.]+)"/.exec(picture);
  if (size === null) throw new TypeError(`a picture as this package draws it, not ${picture.slice(0, 40)}`);
  return [Number(size[1]), Number(size[2])];
}
