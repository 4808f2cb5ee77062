// What a person can do at once about a reason of the plan.

import { html } from '../vendor/htm-preact.js';
import { t } from '../core/text.js';

/** Codes of reasons that are mended at each printer by itself. */
export const AT_PRINTER = new Set(['bed', 'switched_off', 'material', 'colour']);

/**
 * A button, or nothing where no call of ours helps.
 * @param {any} props `printer` has printer_id; `job` may be unknown
 */
export function RemedyButton({ code, printer, job = null, actions }) {
  const id = printer.printer_id;
  const wanted = job?.items.find((item) => item.materials.length)?.materials;
  const found = {
    bed: [t('bed.clear'), () => actions.call('bed_clear', { printer_id: id }, t('bed.cleared'))],
    switched_off: [t('printer.accept'), () => actions.call('printer', { printer_id: id, accept: true })],
    queue_paused: [t('queue.resume'), () => actions.call('resume', {})],
    queue: [t('queue.resume'), () => actions.call('resume', {})],
    held: job && [t('jobs.release'), () => actions.edit(job, { hold: false })],
    attempts: job && [t('job.retry'), () => actions.edit(job, { retry: true })],
    material: loaded(wanted, id, actions),
    colour: loaded(wanted, id, actions),
  }[code];
  if (!found) return null;
  return html`<button type="button" class="outlined" onClick=${found[1]}>${found[0]}</button>`;
}

/** For a print that is reserved already. */
export function LoadedButton({ printer, materials, actions }) {
  const [label, act] = loaded(materials, printer.printer_id, actions) ?? [];
  return html`<button type="button" class="primary" onClick=${act}>${label}</button>`;
}

function loaded(wanted, printerId, actions) {
  if (!wanted) return null;
  return [
    t('printer.loaded', { material: wanted.join(', ') }),
    () => actions.call('printer', { printer_id: printerId, materials_ready: wanted }, t('saved')),
  ];
}
