// One job: what holds it, its copies, and everything that can be changed.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { fromInput, toInput, words } from '../core/format.js';
import { copies } from '../core/queue.js';
import { grouped, namesOf } from '../core/reasons.js';
import { brief, format, said, t, told } from '../core/text.js';
import { Chip, Dialog, Field } from './parts.js';
import { AT_PRINTER, RemedyButton } from './remedies.js';
import { Thumbnail } from './thumbnail.js';

export function JobDialog({ job, session, actions, state, show }) {
  const [whyNot, setWhyNot] = useState(/** @type {any[] | null} */ (null));
  useEffect(() => {
    session
      .call('get_job', { job_id: job.job_id })
      .then((answer) => setWhyNot(answer.job.why_not ?? []))
      .catch(() => setWhyNot([])); // it is gone, or we are offline: the page says so
  }, [job.job_id, job.version, job.why]);
  const close = () => show(null);
  const [sent, setSent] = useState(false);
  const save = async (event) => {
    event.preventDefault();
    setSent(true);
    const answer = await actions.edit(job, readForm(event.target, job), t('saved'));
    setSent(false);
    if (answer) close();
  };
  const sum = copies(job);
  const busy = sum.printing + sum.reserved > 0;
  return html`<${Dialog} title=${job.name} wide onClose=${close} actions=${html`
    <button type="button" class="text danger" disabled=${busy} title=${busy ? t('job.busy') : ''}
      onClick=${() => {
        close();
        actions.remove([job]);
      }}>${t('jobs.remove')}</button>
    <span class="space"></span>
    <button type="button" class="text" onClick=${close}>${t('cancel')}</button>
    <button type="submit" form="job-form" class="primary" disabled=${sent}>${t('save')}</button>`}>
    <${WhyNot} rows=${whyNot} job=${job} actions=${actions} />
    <${JobPrints} job=${job} printers=${state.printers ?? []} show=${show} />
    <form id="job-form" class="form" onSubmit=${save}>
      <div class="items">
        ${job.items.map(
          (item, index) => html`<fieldset class="item" key=${index}>
            <legend>${item.name}</legend>
            <${Thumbnail} session=${session} item=${item} />
            <${Field} label=${t('job.count')}>
              <input name=${`count${index}`} type="number" min=${Math.max(1, item.done)} max="100000"
                required defaultValue=${item.count} /><//>
            <${Field} label=${t('job.materials')} hint=${t('job.materials_hint')}>
              <input name=${`materials${index}`} defaultValue=${item.materials.join(', ')} disabled=${busy} /><//>
            <p class="quiet">${itemFacts(item)}</p>
          </fieldset>`,
        )}
      </div>
      <${WishFields} job=${job} busy=${busy} />
    </form>
  <//>`;
}

function itemFacts(item) {
  const seconds = item.estimate_s ?? item.files[0]?.estimate_s;
  return [
    seconds && t('job.each', { time: format.span(seconds) }),
    item.grams && `${format.number(item.grams)} g`,
    item.nozzle && `${format.number(item.nozzle)} mm`,
    t('job.on_hosts', { n: item.files[0]?.holders.length ?? 0 }),
    item.files.length > 1 && t('job.sliced_for', { n: item.files.length }),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Fields that a new job has, too. */
export function WishFields({ job = /** @type {any} */ ({}), busy = false }) {
  const requires = job.requires ?? { tags: [], models: [] };
  return html`<div class="fields">
    ${job.name !== undefined &&
    html`<${Field} label=${t('job.name')}><input name="name" required defaultValue=${job.name} /><//>`}
    <${Field} label=${t('job.owner')}><input name="owner" defaultValue=${job.owner ?? ''} /><//>
    <${Field} label=${t('job.priority')} hint=${t('job.priority_hint')}>
      <input name="priority" type="number" min="-9" max="9" defaultValue=${job.priority ?? 0} /><//>
    <${Field} label=${t('job.due')}>
      <input name="due" type="datetime-local" defaultValue=${toInput(job.due)} /><//>
    <${Field} label=${t('job.tags')} hint=${t('job.tags_hint')}>
      <input name="tags" defaultValue=${requires.tags.join(', ')} disabled=${busy} /><//>
    <${Field} label=${t('job.models')} hint=${t('commas')}>
      <input name="models" defaultValue=${requires.models.join(', ')} disabled=${busy} /><//>
    <div class="wide-field"><${Field} label=${t('job.note')}>
      <textarea name="note" rows="2" defaultValue=${job.note ?? ''}></textarea><//></div>
    <div class="wide-field checks">
      <${NamedCheck} name="hold" label=${t('job.hold')} on=${job.hold} />
      <${NamedCheck} name="keep_together" label=${t('job.together')} on=${job.keep_together} off=${busy} />
      <${NamedCheck} name="spread" label=${t('job.spread')} on=${job.spread} off=${busy} />
    </div>
  </div>`;
}

function NamedCheck({ name, label, on = false, off = false }) {
  return html`<label class="check"><input type="checkbox" name=${name} defaultChecked=${on}
    disabled=${off} /><span>${label}</span></label>`;
}

/** The wishes of a form, as arguments of `job`. */
export function readWishes(form) {
  const data = new FormData(form);
  const wishes = {
    owner: String(data.get('owner') ?? ''),
    priority: Number(data.get('priority')),
    due: fromInput(data.get('due')),
    note: String(data.get('note') ?? ''),
    hold: data.has('hold'),
  };
  if (!form.elements.tags.disabled) {
    wishes.tags = words(String(data.get('tags')));
    wishes.models = words(String(data.get('models')));
    wishes.keep_together = data.has('keep_together');
    wishes.spread = data.has('spread');
  }
  return wishes;
}

function readForm(form, job) {
  const data = new FormData(form);
  const change = { ...readWishes(form), name: String(data.get('name')) };
  const items = job.items.map((item, index) => {
    const row = { count: Number(data.get(`count${index}`)) };
    const materials = data.get(`materials${index}`);
    // What is not touched stays what the file said, not a person.
    if (materials !== null && String(materials) !== item.materials.join(', ')) {
      row.materials = words(String(materials));
    }
    return row;
  });
  const touched = items.some((row, i) => row.count !== job.items[i].count || 'materials' in row);
  return touched ? { ...change, items } : change;
}

/** Why the job waits, on each printer, with what would help. */
function WhyNot({ rows, job, actions }) {
  if (job.hold) {
    return html`<p class="note">${t('job.is_held')}
      <button type="button" class="text" onClick=${() => actions.edit(job, { hold: false })}>
        ${t('jobs.release')}</button></p>`;
  }
  if (rows === null) return html`<p class="quiet">${t('loading')}</p>`;
  if (!rows.length) return null;
  return html`${job.why && html`<p class="whole-why">${said(job.phrases.why, job.why)}</p>`}<details class="why" open=${!job.starts}>
    <summary>${t('job.why_not')}</summary>
    <ul>${grouped(rows, brief).map((group) => html`<${Reason} key=${group.key} group=${group} job=${job} actions=${actions} />`)}</ul>
  </details>`;
}

/** One reason, and the printers that it holds on. */
function Reason({ group, job, actions }) {
  const { names, n } = namesOf(group.printers);
  const remedy = (row) => html`<${RemedyButton} code=${group.code} printer=${row} job=${job} actions=${actions} />`;
  const several = group.printers.length > 1 && AT_PRINTER.has(group.code);
  return html`<li>
    <span>${!group.named && html`<strong>${n ? t('brief.more', { names, n }) : names}${':'}</strong>${' '}`}${group.text}${
      group.remedy && html`${' — '}<em>${group.remedy}</em>`}</span>
    ${several
      ? html`<span class="at-each">${group.printers.map((row) => html`<span key=${row.printer_id}>${row.printer} ${remedy(row)}</span>`)}</span>`
      : remedy(group.printers[0])}
  </li>`;
}

function JobPrints({ job, printers, show }) {
  const prints = printers.flatMap((one) => one.prints).filter((p) => p.job_id === job.job_id);
  if (!prints.length) return null;
  return html`<ul class="prints" aria-label=${t('job.prints')}>
    ${prints.map(
      (print) => html`<li key=${print.print_id}>
        <${Chip} kind=${print.state === 'lost' ? 'error' : 'info'}>${told('print', print.state)}<//>
        <span>${print.printer}</span>
        ${print.state === 'lost' &&
        html`<button type="button" class="text" onClick=${() => show({ print: print.print_id })}>
          ${t('print.decide')}</button>`}
      </li>`,
    )}</ul>`;
}
