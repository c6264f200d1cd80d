// All of the API that is the same whatever the start method: index.ts, dummy/ and getContext() add Process and Pool.
export * from './support/errors.ts';
export { FloatChannel } from './transport/float-channel.ts';
export type { FloatChannelOptions } from './transport/channel-ring.ts';
export type { ElementType } from './sharedctypes/typecode.ts';
export type { ProcessOptions, Stdio } from './process/process-options.ts';
export { activeChildren, currentProcess, isMainProcess } from './process/current.ts';
export { ParentProcess, parentProcess } from './process/parent-process.ts';
export { Sentinel } from './process/sentinel.ts';
export { cpuCount } from './process/cpu-count.ts';
export { ref } from './reduction/reference.ts';
export { inspectTarget } from './reduction/inspect-target.ts';
export type { Captured, Target } from './reduction/inspect-target.ts';
export { fromHandle, toHandle } from './reduction/handle.ts';
export { registerType } from './reduction/registered-types.ts';
export { RawArray } from './sharedctypes/raw-array.ts';
export { RawValue } from './sharedctypes/raw-value.ts';
export type { SharedRawValue } from './sharedctypes/raw-value.ts';
export { Value } from './sharedctypes/value.ts';
export type { SharedValue } from './sharedctypes/shared-value.ts';
export type { ValueOptions } from './sharedctypes/value-lock.ts';
export type { Synchronized } from './sharedctypes/lock-forms.ts';
export { SharedArray, SharedArray as Array } from './sharedctypes/shared-array.ts';
export type { SharedArrayOf, WithLock } from './sharedctypes/shared-array-classes.ts';
export { struct } from './sharedctypes/struct.ts';
export type { FieldsInit, FieldType, Struct, StructFields, StructInit, StructView } from './sharedctypes/struct.ts';
export type { StructArray } from './sharedctypes/struct-array.ts';
export type { ArgumentsOf, ArrayFor, InitOf, SharedType, ValueOf } from './sharedctypes/shared-type.ts';
export type { ArrayInit } from './sharedctypes/array-init.ts';
export { PosixSemaphore } from './synchronize/posix-semaphore.ts';
export type { PosixSemaphoreOptions } from './synchronize/posix-semaphore.ts';
export { Barrier } from './synchronize/barrier.ts';
export type { BarrierOptions, BarrierUse } from './synchronize/barrier.ts';
export { Condition } from './synchronize/condition.ts';
export { Event } from './synchronize/event.ts';
export { Lock, RLock } from './synchronize/lock.ts';
export { BoundedSemaphore, Semaphore } from './synchronize/semaphore.ts';
export type { SemaphoreOptions } from './synchronize/semaphore.ts';
export type { PrimitiveOptions } from './synchronize/primitive.ts';
export { Queue } from './transport/queue.ts';
export type { QueueOptions, QueueWait, AsyncQueueWait } from './transport/queue-options.ts';
export { SimpleQueue } from './transport/simple-queue.ts';
export { JoinableQueue } from './transport/joinable-queue.ts';
export { Pipe } from './transport/pipe.ts';
export type { PipeOptions } from './transport/pipe.ts';
export { Connection } from './transport/connection.ts';
export type { AsyncBytesWait, BytesWait } from './transport/connection-checks.ts';
export { wait, waitSync } from './process/wait.ts';
export type { Waitable, WaitableSocket } from './process/wait.ts';
export { AsyncResult } from './pool/async-result.ts';
export type {
  CallOptions,
  IterationOptions,
  MapOptions,
  PoolOptions,
  Progress,
  TaskOptions,
} from './pool/pool-options.ts';
export type { PoolStats, WorkerStats } from './pool/pool-stats.ts';
export type { AsyncWaitOptions, WaitOptions } from './support/options.ts';
export { Client, ClientSync } from './managers/network/client.ts';
export type { ClientOptions, ClientSyncOptions } from './managers/network/client.ts';
export { Listener } from './managers/network/listener.ts';
export type { ListenerOptions } from './managers/network/listener.ts';
export type { NetworkOptions } from './managers/network/network-options.ts';
export type { Address, AddressFamily } from './managers/network/address.ts';
export { SocketConnection } from './managers/network/socket-connection.ts';
export type { Awaited, AwaitedObject } from './process/awaited.ts';
export { SharedMemory } from './managers/shared-memory/shared-memory.ts';
export type { SharedMemoryOptions } from './managers/shared-memory/shared-memory.ts';
export { ShareableList } from './managers/shared-memory/shareable-list.ts';
export type { ShareableListOptions } from './managers/shared-memory/shareable-list.ts';
export type { ShareableItem } from './managers/shared-memory/list-items.ts';
export { SharedMemoryManager } from './managers/shared-memory/shared-memory-manager.ts';
export { Manager, SyncManager } from './managers/sync-manager.ts';
export type { PoolProxy } from './managers/sync-manager.ts';
export { BaseManager } from './managers/base-manager.ts';
export type { StartOptions } from './managers/base-manager.ts';
export type { ManagerOptions } from './managers/manager-options.ts';
export type { Registration } from './managers/registry.ts';
export type { DictProxy, Entries } from './managers/proxies/dict-proxy.ts';
export type { ListProxy } from './managers/proxies/list-proxy.ts';
export type { NamespaceProxy, NamespacePromises } from './managers/proxies/namespace-proxy.ts';
export type { ValueProxy } from './managers/proxies/value-proxy.ts';
export type { ArrayProxy } from './managers/proxies/array-proxy.ts';
export { ObjectProxy } from './managers/proxies/object-proxy.ts';
export type { Promised } from './managers/proxies/promised.ts';
export type { ManagerServer } from './managers/server/network-server.ts';
