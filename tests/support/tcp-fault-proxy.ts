export * from '../../src/drills/laboratory/tcp-fault-proxy.ts';
