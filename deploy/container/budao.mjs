#!/usr/local/bin/node
// The program of the container: `up` runs a node; anything else is the command line.
const isNode = process.argv[2] === 'up';
if (isNode) process.argv.splice(2, 1);
await import(isNode ? '/opt/budao/dist/system/main.js' : '/opt/budao/dist/cli/main.js');
