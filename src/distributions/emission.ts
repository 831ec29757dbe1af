import { Traced } from "../program/traced.ts";

/** A distribution of single observations, one for each state of a hidden Markov model: what `dist.normal` makes. */
export class Emission extends Traced {}
