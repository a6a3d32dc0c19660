export * from '../../src/drills/model/lying-upstream.ts';
