// What can be done with several jobs at once.

import { html, useState } from '../vendor/htm-preact.js';
import { fromInput } from '../core/format.js';
import { t } from '../core/text.js';
import { Icon } from './icons.js';
import { Dialog, Field, IconButton } from './parts.js';

export function BatchBar({ jobs, actions, onDone, onAll }) {
  const [editing, setEditing] = useState(false);
  const each = async (change) => {
    for (const job of jobs) if (!(await actions.edit(job, change))) return;
  };
  const front = async () => {
    for (const job of [...jobs].reverse()) await actions.move(job.job_id, { to: 'front' });
  };
  return html`<div class="batch" role="toolbar" aria-label=${t('batch.label', { n: jobs.length })}>
    <${IconButton} icon="close" label=${t('batch.none')} onClick=${onDone} />
    <strong>${t('batch.label', { n: jobs.length })}</strong>
    <button type="button" class="text" onClick=${onAll}>${t('batch.all')}</button>
    <span class="space"></span>
    <button type="button" class="text" onClick=${() => each({ hold: true })}>
      <${Icon} name="pause" />${t('jobs.hold')}</button>
    <button type="button" class="text" onClick=${() => each({ hold: false })}>
      <${Icon} name="play" />${t('jobs.release')}</button>
    <button type="button" class="text" onClick=${front}>
      <${Icon} name="upload" />${t('jobs.front')}</button>
    <button type="button" class="text" onClick=${() => setEditing(true)}>
      <${Icon} name="settings" />${t('jobs.edit')}</button>
    <button type="button" class="text danger" onClick=${() => {
      actions.remove(jobs);
      onDone();
    }}><${Icon} name="remove" />${t('jobs.remove')}</button>
    ${editing &&
    html`<${BatchEdit} count=${jobs.length} onClose=${() => setEditing(false)} onSave=${each} />`}
  </div>`;
}

/** What is left empty stays as it is in each job. */
function BatchEdit({ count, onClose, onSave }) {
  const save = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const change = {};
    const text = (name) => String(form.get(name) ?? '').trim();
    if (text('priority')) change.priority = Number(text('priority'));
    if (text('due')) change.due = fromInput(text('due'));
    if (text('owner')) change.owner = text('owner');
    if (text('note')) change.note = text('note');
    if (text('tags')) change.tags = text('tags').split(',').map((word) => word.trim());
    onClose();
    if (Object.keys(change).length) onSave(change);
  };
  const title = t('batch.label', { n: count });
  return html`<${Dialog} title=${title} onClose=${onClose}
    actions=${html`<button type="button" class="text" onClick=${onClose}>${t('cancel')}</button>
      <button type="submit" form="batch" class="primary">${t('save')}</button>`}>
    <form id="batch" class="form" onSubmit=${save}>
      <p class="quiet">${t('batch.hint')}</p>
      <${Field} label=${t('job.priority')}><input name="priority" type="number" min="-9" max="9" /><//>
      <${Field} label=${t('job.due')}><input name="due" type="datetime-local" /><//>
      <${Field} label=${t('job.owner')}><input name="owner" /><//>
      <${Field} label=${t('job.note')}><input name="note" /><//>
      <${Field} label=${t('job.tags')} hint=${t('commas')}><input name="tags" /><//>
    </form>
  <//>`;
}
