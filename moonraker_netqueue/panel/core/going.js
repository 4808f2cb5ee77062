// What a host has in hand that goes for good. Pure.

const ORDER = ['printing', 'fetching', 'reserved', 'lost'];

/** The prints that a host's printer holds, what runs first. */
export function inHand(printer) {
  return [...(printer?.prints ?? [])].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}

/** Which words tell what becomes of a print, if its host is forgotten now; `on`: it is connected. */
export function fateOf(print, on) {
  if (print.state === 'lost') return 'lost';
  return `${print.state === 'printing' ? 'printing' : 'reserved'}_${on ? 'on' : 'off'}`;
}

/**
 * How far a printer is on the gentle way: it takes no more work, ends its print, then goes.
 * @returns {'begin' | 'wait' | 'idle' | null} null: there is none
 */
export function gentleStep(printer) {
  if (!printer?.connected) return null; // nobody can tell it
  const undecided = printer.prints.some((print) => print.state === 'lost');
  const held = printer.prints.some((print) => print.state !== 'lost');
  if (held) return printer.accept ? 'begin' : 'wait';
  return printer.accept || undecided ? null : 'idle';
}
