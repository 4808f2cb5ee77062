// The hosts of the queue, and going on without those that are missing.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { byName } from '../core/queue.js';
import { format, heard, t, told } from '../core/text.js';
import { ForgetDialog, LeaveDialog } from './leaving.js';
import { CardHead, Chip, Dialog, Menu } from './parts.js';

export function Members({ session, actions, state }) {
  const { members, status, name } = state;
  const [recovering, setRecovering] = useState(false);
  const [changing, setChanging] = useState(/** @type {any} */ (null));
  const [going, setGoing] = useState(/** @type {string | null} */ (null)); // a host's id
  if (!members) return html`<section class="card"><p class="quiet pad">${t('loading')}</p></section>`;
  const versions = new Set(members.members.map((m) => m.version).filter(Boolean));
  const queue = status.queues[name];
  const rows = members.members.map((one) => ({ ...one, name: nameOf(one) })).sort(byName);
  const leaver = rows.find((one) => one.host_id === going); // as it is now: what it has changes
  const printers = new Map((state.printers ?? []).map((one) => [one.printer_id, one]));
  const roles = ['leader', 'follower', 'observer', 'viewer'];
  return html`<section class="card members" aria-label=${t('tab.members')}>
    <${CardHead} icon="members" title=${t('tab.members')}>
      <span class="quiet">${t('members.count', { n: rows.length })}</span><//>
    ${!members.quorum &&
    html`<div class="note error"><p>${t('members.no_quorum', { missing: members.missing.join(', ') || '?' })}</p>
      <button type="button" class="outlined" onClick=${() => setRecovering(true)}>
        ${t('recover.open')}</button></div>`}
    <${Requests} requests=${members.requests ?? []} session=${session} actions=${actions} />
    ${rows.length === 1 && html`<p class="note">${t('members.alone', { queue: name })}</p>`}
    ${versions.size > 1 && html`<p class="note">${t('members.versions')}</p>`}
    ${queue.founding &&
    html`<p class="note">${t('members.founded', {
      by: queue.founding.by,
      when: format.moment(queue.founding.at, Date.now() / 1000),
      without: queue.founding.without.join(', '),
    })}</p>`}
    <ul class="member-list" aria-label=${t('members.count', { n: rows.length })}>
      ${rows.map((member) => html`<${Row} key=${member.host_id} member=${member}
        printer=${printers.get(member.host_id)} change=${() => setChanging(member)}
        go=${() => setGoing(member.host_id)} />`)}
    </ul>
    <details class="pad"><summary>${t('members.roles')}</summary>
      <dl class="roles">${roles.map(
        (role) => html`<div key=${role}><dt>${told('role', role)}</dt><dd>${t(`role_text.${role}`)}</dd></div>`,
      )}</dl></details>
    ${recovering &&
    html`<${Recover} session=${session} actions=${actions} onClose=${() => setRecovering(false)} />`}
    ${changing &&
    html`<${RoleDialog} member=${changing} session=${session} actions=${actions}
      onClose=${() => setChanging(null)} />`}
    ${leaver &&
    html`<${leaver.here ? LeaveDialog : ForgetDialog} member=${leaver} printer=${printers.get(going)}
      session=${session} actions=${actions} onClose=${() => setGoing(null)} />`}
  </section>`;
}

const nameOf = (member) => member.printer || member.name || member.host_id.slice(0, 8);

/** Hosts that want to get in: the code here and on their screen must be the same. */
function Requests({ requests, session, actions }) {
  const answer = async (one, action) => {
    const params = { host_id: one.host_id, action, ...(action === 'approve' ? { code: one.code } : {}) };
    if (await actions.call('post_member', params, t('saved'))) session.soon('members');
  };
  return requests
    .filter((one) => one.asks)
    .map(
      (one) => html`<div class="note warning" key=${one.host_id}>
        <p>${t('members.asks', { name: one.name || one.host_id.slice(0, 8), code: one.code })}
          ${one.either && ` ${t('members.either')}`}</p>
        <span><button type="button" class="primary" onClick=${() => answer(one, 'approve')}>
          ${t('members.approve')}</button>
        <button type="button" class="text danger" onClick=${() => answer(one, 'reject')}>
          ${t('members.reject')}</button></span></div>`,
    );
}

function Row({ member, printer, change, go }) {
  const there = member.here || member.connected;
  const silent =
    !there && member.silent_s !== null ? t('members.silent', { time: format.span(member.silent_s) }) : '';
  const viewer = member.role === 'viewer';
  const paused = there && printer && !printer.accept;
  return html`<li class="member" data-member=${member.name}>
    <span class="member-name"><strong>${member.name}</strong>
      ${member.here && html`<${Chip} kind="info">${t('members.here')}<//>`}
      ${paused && html`<small class="quiet">${t('members.paused', { n: printer.prints.length })}</small>`}</span>
    <span class="member-role">${told('role', member.role)}</span>
    <span class="member-link"><${Chip} kind=${there ? 'success' : 'error'}>
      ${there ? t('members.there') : t('members.missing')}<//>
      ${silent && html`<small class="quiet">${silent}</small>`}</span>
    <span class="quiet member-more">${[member.address, member.version].filter(Boolean).join(' · ')}</span>
    <${Menu} label=${t('members.menu', { name: member.name })} entries=${[
      viewer
        ? { label: t('members.make_printer'), icon: 'printer', act: change }
        : { label: t('members.make_viewer'), icon: 'eye', act: change },
      { label: member.here ? t('members.leave') : t('members.forget'), icon: 'close', act: go, danger: true },
    ]} />
  </li>`;
}

/** What another role means, before it is given. */
function RoleDialog({ member, session, actions, onClose }) {
  const role = member.role === 'viewer' ? 'printer' : 'viewer';
  const give = async () => {
    const params = { host_id: member.host_id, action: 'role', role };
    if (!(await actions.call('post_member', params, t('saved')))) return;
    session.soon('members');
    onClose();
  };
  return html`<${Dialog} title=${t(`members.make_${role}`)} onClose=${onClose} actions=${html`
    <button type="button" class="text" onClick=${onClose}>${t('cancel')}</button>
    <button type="button" class="primary" onClick=${give}>${t(`members.make_${role}`)}</button>`}>
    <p>${t(`members.${role}_means`, { name: member.name })}</p>
    ${member.here && html`<p class="note warning">${t('members.own_role')}</p>`}
  <//>`;
}

/** What going on without the missing means: shown first, done only when it is said again. */
export function Recover({ session, actions, onClose }) {
  const [outlook, setOutlook] = useState(/** @type {any} */ (null));
  const [sure, setSure] = useState(false);
  useEffect(() => {
    session.call('get_recover').then(setOutlook, (error) => {
      actions.say(heard(error.message) || t('error.offline'), { error: true });
      onClose();
    });
  }, []);
  const act = async () => {
    const answer = await actions.call('post_recover', { group: outlook.group }, t('recover.done'));
    if (answer) onClose();
  };
  const namesOf = (hosts) => [...hosts].sort(byName).map((host) => host.name).join(', ');
  return html`<${Dialog} title=${t('recover.title')} onClose=${onClose} actions=${
    outlook?.needed &&
    html`<button type="button" class="text" onClick=${onClose}>${t('recover.wait')}</button>
      <button type="button" class="danger-fill" disabled=${!sure} onClick=${act}>${t('recover.do')}</button>`
  }>
    ${!outlook && html`<p class="quiet">${t('loading')}</p>`}
    ${outlook && !outlook.needed && html`<p>${t('recover.not_needed')}</p><p class="quiet">${heard(outlook.reason)}</p>`}
    ${outlook?.needed &&
    html`<p>${t('recover.who', { missing: namesOf(outlook.missing), following: namesOf(outlook.following) })}</p>
      <p>${t('recover.first')}</p>
      ${outlook.unseen && html`<p class="note error">${heard(outlook.unseen)}</p>`}
      ${outlook.twice.length > 0 &&
      html`<p>${t(outlook.majority_missing ? 'recover.twice' : 'recover.twice_if')}</p><ul>${outlook.twice.map(
        (row) => html`<li key=${row.job_id}>${row.job}: ${t('copies.n', { n: row.copies })}</li>`,
      )}</ul>`}
      ${outlook.held.length > 0 &&
      html`<p>${t('recover.held')}</p><ul>${outlook.held.map(
        (print) => html`<li key=${print.print_id}>${print.file || print.job} · ${print.printer}</li>`,
      )}</ul>`}
      <label class="check"><input type="checkbox" checked=${sure}
        onChange=${(event) => setSure(event.target.checked)} />
        <span>${t('recover.sure', { missing: namesOf(outlook.missing) })}</span></label>`}
  <//>`;
}
