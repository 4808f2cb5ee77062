// The printers: what they do, what they wait for, and what a person can do about it.

import { html, useState } from '../vendor/htm-preact.js';
import { webServer } from '../core/camera.js';
import { words } from '../core/format.js';
import { byName, groupOf, GROUPS, progress, toLoad } from '../core/queue.js';
import { format, heard, said, t, told } from '../core/text.js';
import { Camera } from './camera.js';
import { Hours } from './hours.js';
import { Icon } from './icons.js';
import { Bar, CardHead, Chip, Dialog, Empty, Field, Menu } from './parts.js';
import { LoadedButton, RemedyButton } from './remedies.js';
import { Thumbnail } from './thumbnail.js';

const KINDS = {
  printing: 'info',
  finishing: 'info',
  fetching: 'info',
  busy: 'info',
  ready: 'success',
  bed_occupied: 'warning',
  needs_attention: 'error',
  offline: 'quiet',
};

export function Printers({ session, actions, state, show }) {
  const { printers, queue, status, members } = state;
  const [editing, setEditing] = useState(/** @type {any} */ (null));
  const [group, setGroup] = useState('');
  if (!printers) return html`<section class="card"><p class="quiet pad">${t('loading')}</p></section>`;
  const jobs = new Map(queue.jobs.map((job) => [job.job_id, job]));
  const known = [...printers].sort(byName).map((one) => ({ one, group: groupOf(one, jobs) }));
  const inNeed = ({ group: its }) => Number(its === 'hand');
  const sorted = known.sort((a, b) => inNeed(b) - inNeed(a));
  const addresses = new Map((members?.members ?? []).map((m) => [m.host_id, m]));
  return html`<section class="printers" aria-label=${t('tab.printers')}>
    ${!printers.length &&
    html`<${Empty} icon="printer" title=${t('printers.empty')} text=${t('printers.empty_text')} />`}
    ${printers.length > 1 && html`<${Groups} known=${known} chosen=${group} onChoose=${setGroup} />`}
    <div class="grid">${inGroup(sorted, group).map(
      ({ one: printer, group: its }) => html`<${PrinterCard} key=${printer.printer_id} printer=${printer}
        jobs=${jobs} inNeed=${its === 'hand'}
        own=${status.printer.printer_id === printer.printer_id ? status.printer : null}
        address=${addresses.get(printer.printer_id)} session=${session} actions=${actions} show=${show}
        edit=${() => setEditing(printer)} />`,
    )}</div>
    ${editing &&
    html`<${PrinterDialog} printer=${editing} actions=${actions} onClose=${() => setEditing(null)} />`}
  </section>`;
}

/** The printers of a group; all of them, if it is empty by now. */
function inGroup(known, group) {
  const found = known.filter((one) => one.group === group);
  return found.length ? found : known;
}

/** How many printers do what; a click shows these alone. */
function Groups({ known, chosen, onChoose }) {
  const sums = GROUPS.map((group) => ({ group, n: known.filter((one) => one.group === group).length }));
  return html`<div class="card groups"><${CardHead} icon="printer" title=${t('tab.printers')}>
    <div class="filters" role="group" aria-label=${t('printers.show')}>${sums
      .filter(({ n }) => n)
      .map(
        ({ group, n }) => html`<button type="button" key=${group} class=${`filter ${group}`}
          aria-pressed=${String(group === chosen)}
          onClick=${() => onChoose(group === chosen ? '' : group)}>${t(`printers.${group}`, { n })}</button>`,
      )}</div><//></div>`;
}

function PrinterCard({ printer, jobs, inNeed, own, address, session, actions, show, edit }) {
  const missing = toLoad(printer, jobs); // then what it fetched waits for a person
  const live = !missing && printer.prints.find((p) => p.state === 'printing' || p.state === 'fetching');
  return html`<article class=${`card printer ${inNeed ? 'needs-hand' : ''}`}
    aria-label=${printer.name} data-printer=${printer.name}>
    <header><h2>${printer.name}</h2>
      <${Chip} kind=${KINDS[printer.state] ?? ''} title=${heard(printer.reason)}>
        ${told('state', printer.state)}<//>
      <span class="space"></span>
      <${Menu} label=${t('printer.menu', { name: printer.name })}
        entries=${entriesOf(printer, live, address, actions, edit)} />
    </header>
    ${printer.connected && html`<${Camera} session=${session} printer=${printer} address=${address} />`}
    ${live
      ? html`<${LivePrint} print=${live} printer=${printer} own=${own} job=${jobs.get(live.job_id)}
          session=${session} />`
      : html`<p class="idle">${whyIdle(printer)}</p>
          <${Remedy} printer=${printer} />`}
    <${Facts} printer=${printer} />
    ${printer.connected &&
    html`<${Acts} printer=${printer} live=${live} missing=${missing} jobs=${jobs} actions=${actions} />`}
    <${Undecided} printer=${printer} show=${show} />
  </article>`;
}

/** Why it has no work. */
function whyIdle(printer) {
  if (!printer.connected) return t('printer.away');
  const text = printer.reason || printer.why || (printer.state === 'ready' ? t('printer.nothing') : '');
  return said(printer.idle?.phrases.why, text);
}

function clear(printer, actions) {
  return actions.call('bed_clear', { printer_id: printer.printer_id }, t('bed.cleared'));
}

function accept(printer, actions, on) {
  return actions.call('printer', { printer_id: printer.printer_id, accept: on });
}

function entriesOf(printer, live, address, actions, edit) {
  const url = address?.here ? location.origin : address?.address && webServer(address.address);
  const open = {
    label: t('printer.open'),
    icon: 'open',
    act: () => window.open(url, '_blank', 'noopener'),
  };
  if (!printer.connected) return [url && open];
  return [
    url && open,
    { label: t('printer.edit'), icon: 'settings', act: edit },
    printer.accept
      ? { label: t('printer.pause'), icon: 'pause', act: () => accept(printer, actions, false) }
      : { label: t('printer.accept'), icon: 'play', act: () => accept(printer, actions, true) },
    printer.state !== 'bed_occupied' && {
      label: t('bed.clear'),
      icon: 'check',
      act: () => clear(printer, actions),
    },
    live && {
      label: t('print.cancel'),
      icon: 'close',
      danger: true,
      act: () => actions.call('post_print', { print_id: live.print_id, action: 'cancel' }),
    },
  ];
}

function Remedy({ printer }) {
  // A bed that is not clear has its button, and its reason says what to do.
  // That the queue is paused stands above all of them.
  const told_ = printer.connected && printer.state !== 'bed_occupied';
  const remedy = told_ && printer.idle?.code !== 'queue_paused' && printer.idle?.remedy;
  if (!remedy) return null;
  return html`<p class="quiet remedy">${said(printer.idle.phrases.remedy, remedy)}</p>`;
}

function Facts({ printer }) {
  const next = printer.prints.find((p) => p.state === 'reserved' || (p.state === 'fetching' && printer.state === 'ready'));
  return html`<div class="facts">
    ${!printer.accept && html`<${Chip} kind="warning" icon="pause">${t('printer.paused')}<//>`}
    ${printer.quarantined && html`<${Chip} kind="error" icon="alert">${t('printer.quarantined')}<//>`}
    ${printer.materials_ready.map((m) => html`<${Chip} key=${m} icon="cube">${m}<//>`)}
    ${printer.grams_left !== null &&
    html`<${Chip}>${t('printer.grams', { n: format.number(printer.grams_left) })}<//>`}
    ${next && html`<span class="quiet">${t('printer.next', { job: next.job || next.file })}</span>`}
  </div>`;
}

/** Buttons for what a person can do now. */
function Acts({ printer, live, missing, jobs, actions }) {
  const code = printer.idle?.code;
  const occupied = printer.state === 'bed_occupied';
  const idleJob = printer.idle?.job_ids.map((jobId) => jobs.get(jobId)).find(Boolean) ?? null;
  return html`<div class="acts">
    ${occupied &&
    html`<button type="button" class="primary" onClick=${() => clear(printer, actions)}>
      <${Icon} name="check" />${t('bed.clear')}</button>`}
    ${missing && html`<${LoadedButton} printer=${printer} materials=${missing} actions=${actions} />`}
    ${!live && !missing && code && code !== 'queue_paused' && !(occupied && code === 'bed') &&
    html`<${RemedyButton} code=${code} printer=${printer} job=${idleJob} actions=${actions} />`}
    ${!printer.accept && code !== 'switched_off' &&
    html`<button type="button" class="outlined" onClick=${() => accept(printer, actions, true)}>
      ${t('printer.accept')}</button>`}
  </div>`;
}

/** Prints that only a person can say something of: lost ones, or of a printer that is away. */
function Undecided({ printer, show }) {
  const lost = printer.prints.filter((p) => p.state === 'lost');
  const open = printer.connected || lost.length ? lost : printer.prints;
  if (!open.length) return null;
  const n = open.length;
  return html`<div class="undecided"><${Icon} name="alert" />
    <span>${lost.length ? t('print.how_ended', { n }) : t('print.away', { n })}</span>
    <button type="button" class="outlined" onClick=${() => show({ print: open[0].print_id })}>
      ${t('print.decide')}</button></div>`;
}

function LivePrint({ print, printer, own, job, session }) {
  const now = Date.now() / 1000;
  const share = own?.print?.progress || progress(print, printer.idle_at, now);
  const left = printer.idle_at && printer.idle_at > now ? printer.idle_at - now : null;
  const item = job?.items[print.item];
  const line = [
    share !== null && share !== undefined && `${Math.round(100 * share)} %`,
    left && t('printer.left', { time: format.span(left) }),
    left && t('printer.until', { when: format.moment(printer.idle_at, now) }),
    print.state === 'fetching' && t('print.fetching'),
  ].filter(Boolean);
  return html`<div class="live">
    ${item && html`<${Thumbnail} session=${session} item=${item} />`}
    <div class="live-what"><strong>${print.job || print.file}</strong>
      <span class="quiet">${line.join(' · ')}</span>
      <${Bar} parts=${{ printing: 100 * (share ?? 0) }} label=${line.join(', ') || print.job} />
    </div></div>`;
}

/** A printer's own entry. */
function PrinterDialog({ printer, actions, onClose }) {
  const [hours, setHours] = useState(printer.hours);
  const save = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const number = (name) => (form.get(name) === '' ? null : Number(form.get(name)));
    const change = {
      accept: form.has('accept'),
      materials_ready: words(String(form.get('materials_ready'))),
      materials: words(String(form.get('materials'))),
      tags: words(String(form.get('tags'))),
    };
    if (hours !== printer.hours) change.hours = hours;
    for (const name of ['grams_left', 'spool_grams']) {
      if (number(name) !== printer[name]) change[name] = number(name);
    }
    if (await actions.call('printer', { printer_id: printer.printer_id, ...change }, t('saved'))) {
      onClose();
    }
  };
  return html`<${Dialog} title=${printer.name} wide onClose=${onClose} actions=${html`
    <button type="button" class="text" onClick=${onClose}>${t('cancel')}</button>
    <button type="submit" form="printer-form" class="primary">${t('save')}</button>`}>
    <form id="printer-form" class="form" onSubmit=${save}>
      <label class="check"><input type="checkbox" name="accept" defaultChecked=${printer.accept} />
        <span>${t('printer.takes_work')}</span></label>
      <div class="fields">
      <${Field} label=${t('printer.materials_ready')} hint=${t('printer.materials_hint')}>
        <input name="materials_ready" defaultValue=${printer.materials_ready.join(', ')} /><//>
      <${Field} label=${t('printer.materials')} hint=${t('commas')}>
        <input name="materials" defaultValue=${printer.materials.join(', ')} /><//>
      <${Field} label=${t('printer.grams_left')} hint=${t('printer.grams_hint')}>
        <input name="grams_left" type="number" min="0" step="any" defaultValue=${printer.grams_left ?? ''} /><//>
      <${Field} label=${t('printer.spool_grams')}>
        <input name="spool_grams" type="number" min="0" step="any" defaultValue=${printer.spool_grams ?? ''} /><//>
      <${Field} label=${t('job.tags')} hint=${t('commas')}>
        <input name="tags" defaultValue=${printer.tags.join(', ')} /><//>
      </div>
      <${Hours} label=${t('hours.title')} hint=${t('hours.as_queue')} periods=${hours} onChange=${setHours} />
      <p class="quiet">${[printer.model, printer.nozzle && `${printer.nozzle} mm`,
        t(`clear.${printer.clear_bed}`)].filter(Boolean).join(' · ')}</p>
    </form>
  <//>`;
}
