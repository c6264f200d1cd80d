/** Something that its sender has no more when the message is made. */
export interface Gift {
  /** The message is made. */
  readonly given: () => void;
  /** It could not be made: all stays as it was. */
  readonly kept: () => void;
}

const gifts: Gift[] = [];

/** For a class's `share`: has the object given up when the whole message is made, and not before. */
export function giveAway(gift: Gift): void {
  gifts.push(gift);
}

/** How many there are: messages can be made within the making of a message. */
export function countGifts(): number {
  return gifts.length;
}

/** Ends the making of a message that began when there were `count` gifts. */
export function settleGifts(count: number, how: keyof Gift): void {
  if (gifts.length > count) for (const gift of gifts.splice(count)) gift[how]();
}
