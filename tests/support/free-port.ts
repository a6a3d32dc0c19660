export * from '../../src/drills/laboratory/free-port.ts';
