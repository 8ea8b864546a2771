// Stands in for the engine in `npm test`: what the rule imports as `zaraba:rules/…` is answered by
// test/engine.js.
import { register } from 'node:module';

const hooks = `
  export async function resolve(specifier, context, next) {
    if (!specifier.startsWith('zaraba:rules/')) return next(specifier, context);
    return { url: ${JSON.stringify(new URL('./engine.js', import.meta.url).href)}, shortCircuit: true };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
