export * from './support/errors.ts';
export { FloatChannel } from './transport/float-channel.ts';
export type { FloatChannelOptions } from './transport/float-channel.ts';
export type { ElementType } from './sharedctypes/typecode.ts';
