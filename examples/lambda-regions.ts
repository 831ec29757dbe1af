import type { Region } from "./genome.ts";

/**
 * Gene regions of bacteriophage λ: coordinates of the annotation of NC_001416.1, from the first base of the first gene
 * to the last base of the last, 1-based and inclusive.
 */
export const lambdaRegions: readonly Region[] = [
  { label: "head", genes: "nu1–FII", start: 191, end: 7965, strand: "+" },
  { label: "tail", genes: "Z–J", start: 7977, end: 18903, strand: "+" },
  { label: "tail fibre", genes: "lom–orf194", start: 18965, end: 22557, strand: "+" },
  { label: "ea47–ea59", genes: "ea47–ea59", start: 22686, end: 26973, strand: "-" },
  { label: "int", genes: "int, xis", start: 27812, end: 29078, strand: "-" },
  { label: "exo–gam", genes: "exo–gam", start: 31348, end: 33232, strand: "-" },
  { label: "cIII–N", genes: "cIII–N", start: 33299, end: 35438, strand: "-" },
  { label: "rex, cI", genes: "rexB–cI", start: 35825, end: 37940, strand: "-" },
  { label: "cro", genes: "cro, cII", start: 38041, end: 38653, strand: "+" },
  { label: "O, P", genes: "O, P", start: 38686, end: 40283, strand: "+" },
  { label: "nin", genes: "ninB–ninI", start: 40644, end: 43889, strand: "+" },
  { label: "Q", genes: "Q", start: 43886, end: 44509, strand: "+" },
  { label: "lysis", genes: "S–Rz", start: 45186, end: 46427, strand: "+" },
];
