export * from './support/errors.ts';
export { FloatChannel } from './transport/float-channel.ts';
export type { FloatChannelOptions } from './transport/channel-ring.ts';
export type { ElementType } from './sharedctypes/typecode.ts';
