import { StateError } from '../support/errors.ts';
import { ownState } from './own-state.ts';

/**
 * Refuses to start a process out of a module that a child is importing: the child would import it again, and so on without end.
 * @throws StateError
 */
export function refuseWhileImporting(name: string): void {
  const { head, importing, importScope } = ownState();
  if (head === undefined) return;
  if (!importing && importScope?.getStore() === undefined) return;
  const module = head.target?.module ?? head.subclass?.module ?? 'its module';
  throw new StateError(
    `start() of process '${name}' was called while ${module} is imported by the child '${head.name}'. ` +
      'A child imports the module of its target, so what starts processes there must not run in it. ' +
      'Put it into "if (isMainProcess) { … }" (isMainProcess comes from forkless), or move the target to a module of its own.',
  );
}
