import { getContext as contextFor, type Context } from '../context.ts';

const context: Context = contextFor('threads');

/** As that of `forkless`; without a method, the context for threads. */
export const getContext: Context['getContext'] = context.getContext;
/** As that of `forkless`. */
export const getAllStartMethods: Context['getAllStartMethods'] = context.getAllStartMethods;
/** Always `'threads'`. */
export const getStartMethod: Context['getStartMethod'] = context.getStartMethod;
/** @throws StateError: here everything runs on threads. */
export const setStartMethod: Context['setStartMethod'] = context.setStartMethod;
