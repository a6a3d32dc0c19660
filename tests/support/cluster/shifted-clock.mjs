// Loaded into every process of a node whose wall clock is to be wrong; what is measured between two moments stays right.
const aheadMs = Number(process.env.BUDAO_TEST_CLOCK_AHEAD_MS ?? 0);
const Real = globalThis.Date;

globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + aheadMs);
    else super(...given);
  }

  static now() {
    return Real.now() + aheadMs;
  }
};
