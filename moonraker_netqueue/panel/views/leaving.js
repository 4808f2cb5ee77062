// A host goes for good: what would be lost with it is said first.

import { html, useState } from '../vendor/htm-preact.js';
import { Refused } from '../core/connection.js';
import { fateOf, gentleStep, inHand } from '../core/going.js';
import { format, heard, t, told } from '../core/text.js';
import { Dialog } from './parts.js';

const PAUSE = 1000; // ms before a file that is on its way is asked for again
const PRINTS = ['keep', 'retry', 'mark_done'];

/** End the membership of another host. */
export function ForgetDialog({ member, printer, session, actions, onClose }) {
  const [prints, setPrints] = useState('keep');
  const held = inHand(printer);
  const forget = async (anyway) => {
    const params = { host_id: member.host_id, ...(held.length ? { prints } : {}), ...(anyway ? { anyway } : {}) };
    if (!(await actions.call('delete_member', params, t('forget.done', { name: member.name })))) return;
    for (const what of ['members', 'printers', 'status', 'plan']) session.soon(what);
    onClose();
  };
  const title = t('forget.title', { name: member.name });
  return html`<${GoingDialog} title=${title} word=${t('members.forget')} member=${member} act=${forget} onClose=${onClose}>
    <p>${t('forget.means', { name: member.name })}</p>
    ${member.let_in?.length > 0 &&
    html`<div class="note let-in"><p>${t('forget.let_in', { name: member.name })}</p>
      <ul>${member.let_in.map((one) => html`<li key=${one.host_id}>${one.name} (${one.host_id.slice(0, 8)})</li>`)}</ul></div>`}
    ${held.length > 0 &&
    html`<${Prints} title=${t('forget.prints', { name: member.name })} prints=${held}
      tell=${(one) => t(`fate.${fateOf(one, member.connected)}`, { name: member.name })} />`}
    <${Gently} printer=${printer} actions=${actions} />
    ${held.length > 0 &&
    html`<fieldset class="strategies"><legend>${t('forget.decide')}</legend>
      ${PRINTS.map(
        (one) => html`<label class="check" key=${one}>
          <input type="radio" name="prints" checked=${prints === one} onChange=${() => setPrints(one)} />
          <span>${t(`forget.${one}`, { name: member.name })}</span></label>`,
      )}</fieldset>`}
    <${Losses} member=${member}>
      ${member.connected && member.sole_files?.length > 0 && html`<${GetThem} files=${member.sole_files} session=${session} actions=${actions} />`}
    <//>
  <//>`;
}

/** Serve the queue here no more. */
export function LeaveDialog({ member, printer, session, actions, onClose }) {
  const held = inHand(printer);
  const leave = async (anyway) => {
    if (!(await actions.call('delete_queues', anyway ? { anyway } : {}, t('leave.done')))) return;
    onClose();
    await session.start();
  };
  return html`<${GoingDialog} title=${t('leave.title')} word=${t('members.leave')} member=${member} act=${leave}
    blocked=${held.length > 0} onClose=${onClose}>
    <p>${t('leave.means')}</p>
    ${held.length > 0 &&
    html`<${Prints} title=${t('leave.held')} prints=${held} tell=${(one) => told('print', one.state)} />`}
    <${Gently} printer=${printer} actions=${actions} />
    <${Losses} member=${member} />
  <//>`;
}

/** Where something would be lost, it is done only when a person says that they read it. */
function GoingDialog({ title, word, member, act, blocked = false, onClose, children }) {
  const [read, setRead] = useState('');
  const anyway = member.losses?.length > 0;
  // What is read stays read while only a count in it grows.
  const told = [...(member.losses ?? []).map((text) => text.replace(/\d+/g, '')), ...(member.sole_files ?? [])].join();
  return html`<${Dialog} title=${title} onClose=${onClose} actions=${html`
    <button type="button" class="text" onClick=${onClose}>${t('cancel')}</button>
    <button type="button" class="danger-fill" disabled=${blocked || (anyway && read !== told)} onClick=${() => act(anyway)}>
      ${word}</button>`}>
    ${children}
    ${anyway &&
    html`<label class="check"><input type="checkbox" checked=${read === told}
      onChange=${(event) => setRead(event.target.checked ? told : '')} />
      <span>${t('losses.accept')}</span></label>`}
  <//>`;
}

/** What its printer has in hand, each with a word on it. */
function Prints({ title, prints, tell }) {
  return html`<div class="in-hand"><p>${title}</p>
    <ul>${prints.map((one) => html`<li key=${one.print_id}><strong>${one.file || one.job}:</strong> ${tell(one)}</li>`)}</ul></div>`;
}

/** The way on which nothing is made twice, and nothing is missing. */
function Gently({ printer, actions }) {
  const step = gentleStep(printer);
  if (!step) return null;
  const { name, printer_id } = printer;
  const left = printer.idle_at ? printer.idle_at - Date.now() / 1000 : 0;
  return html`<div class="note gently" role="status"><p>${t(`gently.${step}`, { name })}${
    step === 'wait' && left > 0 && ` ${t('printer.left', { time: format.span(left) })}.`}</p>
    ${step === 'begin' &&
    html`<button type="button" class="outlined" onClick=${() => actions.call('printer', { printer_id, accept: false })}>
      ${t('printer.pause')}</button>`}</div>`;
}

function Losses({ member, children = null }) {
  if (!member.losses?.length) return null;
  return html`<div class="note error losses"><p>${t('losses.title', { name: member.name })}</p>
    <ul>${member.losses.map((text) => html`<li key=${text}>${heard(text)}</li>`)}</ul>${children}</div>`;
}

/** Copy to this host what only the other one has, while it is on. */
function GetThem({ files, session, actions }) {
  const [busy, setBusy] = useState(false);
  const get = async () => {
    setBusy(true);
    try {
      for (const sha256 of files) {
        while (!(await session.call('fetch', { sha256 })).here) {
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      actions.failed(error);
    }
    setBusy(false);
    session.soon('members');
  };
  return html`<button type="button" class="outlined" disabled=${busy} onClick=${get}>
    ${busy ? t('losses.getting') : t('losses.get')}</button>`;
}
