/** How a distribution shows itself in a notebook. */
import { np } from "../ops/np.ts";
import type { DisplayBundle } from "../tensor/notebook.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Declaration } from "./declaration.ts";
import { hasPicture, type Pictured, pictureOf } from "./picture.ts";

/**
 * The picture of the first item of a batch, with its title saying so.
 *
 * @throws SynjaxError where the distribution cannot be computed: a notebook shows that, not an empty cell
 */
export async function distributionBundle(
  of: Pictured,
  declared: Declaration,
  batchShape: Shape,
): Promise<DisplayBundle> {
  const { shape: batch } = await np.zeros(batchShape).aval();
  const batched = batch.length === 0 ? "" : `, batch [${batch.join(", ")}]`;
  const plain = { "text/plain": `${declared.name}${batched}` };
  if (!hasPicture(declared) || batch.includes(0)) return plain;
  const item = batch.map(() => 0);
  const title =
    batch.length === 0 ? declared.name : `${declared.name}, item ${item.join(", ")} of ${batch.join(" × ")}`;
  return { ...plain, "image/svg+xml": await pictureOf(of, declared, { item, title }) };
}
