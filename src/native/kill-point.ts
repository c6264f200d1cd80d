import { binding } from './binding.ts';

/** True in the build that the crash tests load. */
const KILL_POINTS: boolean = binding.killPoints;

/** A place at which a crash test can make this process die (see native/core/kill_point.h). */
export function killPoint(name: string): void {
  if (KILL_POINTS) binding.killPoint(name);
}
