// Adding jobs: files dropped here, of this printer, or that the queue knows.

import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { upload } from '../core/access.js';
import { words } from '../core/format.js';
import { format, t } from '../core/text.js';
import { Icon } from './icons.js';
import { Dialog, Field, IconButton } from './parts.js';
import { readWishes, WishFields } from './job.js';

const GCODE = /\.(gcode|g|gco|ufp|nc)$/i;

/** Files of g-code among those that were dropped. */
export function printable(files) {
  return [...files].filter((file) => GCODE.test(file.name));
}

export function AddDialog({ files, session, actions, show }) {
  const [rows, setRows] = useState(() => files.map(rowOf));
  const [manner, setManner] = useState('each');
  const [busy, setBusy] = useState(0); // share of the upload, from 0
  const [source, setSource] = useState('upload');
  const close = () => show(null);
  const put = (made) => setRows((old) => [...old, ...made]);
  const change = (row, values) =>
    setRows((old) => old.map((one) => (one === row ? { ...one, ...values } : one)));
  const save = async (event) => {
    event.preventDefault();
    const { owner, ...others } = readWishes(event.target);
    const wishes = owner ? { owner, ...others } : others; // else: whoever is logged in
    const name = String(new FormData(event.target).get('kit') ?? '');
    setBusy(0.01);
    try {
      const named = await uploadAll(rows, session, setBusy);
      const made = jobsOf(named, rows.length > 1 ? manner : 'each', name);
      const left = [];
      for (const [index, job] of made.entries()) {
        const command_id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
        if (!(await actions.call('post_job', { ...wishes, ...job, command_id }))) left.push(index);
      }
      if (!left.length) {
        actions.say(t('add.added', { n: made.length, name: made[0].name ?? rows[0].name }));
        close();
      } else setRows(manner === 'each' ? left.map((index) => named[index]) : named);
    } catch (/** @type {any} */ error) {
      actions.failed(error);
    } finally {
      setBusy(0);
    }
  };
  return html`<${Dialog} title=${t('add.title')} wide onClose=${close} actions=${html`
    ${busy > 0 && html`<progress value=${busy} aria-label=${t('add.uploading')}></progress>`}
    <span class="space"></span>
    <button type="button" class="text" onClick=${close}>${t('cancel')}</button>
    <button type="submit" form="add-form" class="primary" disabled=${!rows.length || busy > 0}>
      ${t('add.do', { n: Math.max(1, rows.length) })}</button>`}>
    <div class="tabs small" role="group" aria-label=${t('add.source')}>
      ${['upload', 'here', 'queue'].map(
        (one) => html`<button type="button" key=${one} class=${source === one ? 'on' : ''}
          aria-pressed=${String(source === one)} onClick=${() => setSource(one)}>
          ${t(`add.${one}`)}</button>`,
      )}</div>
    ${source === 'upload'
      ? html`<${DropZone} onFiles=${(found) => put(found.map(rowOf))} actions=${actions} />`
      : html`<${PickList} key=${source} source=${source} session=${session} onPick=${(row) => put([row])} />`}
    <form id="add-form" class="form" onSubmit=${save}>
      <${Rows} rows=${rows} manner=${manner} change=${change}
        remove=${(row) => setRows(rows.filter((one) => one !== row))} />
      ${rows.length > 1 &&
      html`<fieldset class="checks"><legend>${t('add.manner')}</legend>
        ${['each', 'kit', 'models'].map(
          (one) => html`<label class="check" key=${one}><input type="radio" name="manner"
            checked=${manner === one} onChange=${() => setManner(one)} />
            <span>${t(`add.as_${one}`)}</span></label>`,
        )}</fieldset>`}
      ${rows.length > 1 && manner !== 'each' &&
      html`<${Field} label=${t('job.name')}><input name="kit" required key=${nameOf(rows, manner)}
          defaultValue=${nameOf(rows, manner)} /><//>`}
      <details><summary>${t('add.more')}</summary><${WishFields} /></details>
    </form>
  <//>`;
}

const rowOf = (file) => ({ file, name: file.name, size: file.size, count: 1, models: '' });

function Rows({ rows, manner, change, remove }) {
  return html`<ul class="add-rows" aria-label=${t('add.chosen')}>
    ${rows.map(
      (row, index) => html`<li key=${index}>
        <${Icon} name="file" /><span class="file-name">${row.name}
          <small class="quiet">${row.size ? format.size(row.size) : ''}</small></span>
        ${manner === 'models' && rows.length > 1
          ? html`<input class="models" aria-label=${t('add.models_of', { name: row.name })} placeholder=${t('job.models')}
              value=${row.models} onInput=${(e) => change(row, { models: e.target.value })} />`
          : null}
        ${manner !== 'models' || index === 0 || rows.length === 1
          ? html`<input type="number" min="1" max="100000" required class="count" value=${row.count}
              aria-label=${t('add.count_of', { name: row.name })}
              onInput=${(e) => change(row, { count: Number(e.target.value) })} />`
          : html`<span class="count"></span>`}
        <${IconButton} icon="close" label=${t('add.drop', { name: row.name })}
          onClick=${() => remove(row)} /></li>`,
    )}</ul>`;
}

function DropZone({ onFiles, actions }) {
  const input = useRef(/** @type {any} */ (null));
  const take = (list) => {
    const found = printable(list);
    if (found.length < list.length) actions.say(t('add.only_gcode'), { error: true });
    onFiles(found);
  };
  return html`<div class="drop-zone" onDragOver=${(event) => event.preventDefault()}
    onDrop=${(event) => {
      event.preventDefault();
      event.stopPropagation();
      take(event.dataTransfer.files);
    }}>
    <${Icon} name="upload" />
    <p>${t('add.drop_here')}</p>
    <button type="button" class="outlined" onClick=${() => input.current.click()}>
      ${t('add.browse')}</button>
    <input ref=${input} type="file" multiple hidden accept=".gcode,.g,.gco" aria-label=${t('add.browse')}
      onChange=${(event) => {
        take(event.target.files);
        event.target.value = '';
      }} /></div>`;
}

async function filesOf(source, session) {
  if (source === 'here') {
    const list = await session.connection.call('server.files.list', { root: 'gcodes' });
    return list
      .filter((file) => !file.path.startsWith('netqueue/') && !file.path.startsWith('.'))
      .sort((a, b) => b.modified - a.modified)
      .map((file) => ({ name: file.path, filename: file.path, size: file.size, where: '' }));
  }
  const { files } = await session.call('get_files', { limit: 500 });
  const names = new Map((session.state.printers ?? []).map((p) => [p.printer_id, p.name]));
  return files.map((file) => ({
    name: file.name,
    sha256: file.sha256,
    size: file.size,
    where: file.holders.map((host) => names.get(host) ?? host.slice(0, 8)).join(', '),
  }));
}

function PickList({ source, session, onPick }) {
  const [files, setFiles] = useState(/** @type {any[] | null} */ (null));
  const [search, setSearch] = useState('');
  useEffect(() => {
    filesOf(source, session).then(setFiles, () => setFiles([]));
  }, []);
  if (!files) return html`<p class="quiet">${t('loading')}</p>`;
  const found = files.filter((file) => file.name.toLowerCase().includes(search.toLowerCase()));
  return html`<div class="pick">
    <input type="search" aria-label=${t('add.search')} placeholder=${t('add.search')} value=${search}
      onInput=${(event) => setSearch(event.target.value)} />
    <ul>${found.slice(0, 200).map(
      (file) => html`<li key=${file.filename ?? file.sha256}><button type="button" class="plain"
        onClick=${() => onPick({ ...file, count: 1, models: '' })}>
        <${Icon} name="add" /><span class="file-name">${file.name}</span>
        <small class="quiet">${[file.where, format.size(file.size)].filter(Boolean).join(' · ')}</small>
      </button></li>`,
    )}</ul>
    ${!found.length && html`<p class="quiet">${t('add.no_files')}</p>`}</div>`;
}

/** Upload what is not on a host yet. @returns rows that name a file or a content */
async function uploadAll(rows, session, onProgress) {
  const done = [];
  const fresh = rows.filter((row) => row.file);
  let sent = 0;
  for (const row of rows) {
    if (!row.file) {
      done.push(row);
      continue;
    }
    const form = new FormData();
    form.append('queue', session.state.name);
    form.append('add', 'false');
    form.append('file', row.file, row.file.name);
    const answer = await upload('/server/netqueue/files', form, (share) =>
      onProgress(Math.max(0.01, (sent + share) / fresh.length)),
    );
    sent += 1;
    done.push({ ...row, file: null, filename: answer.filename });
  }
  return done;
}

const named = (row) => (row.sha256 ? { sha256: row.sha256 } : { filename: row.filename });

/** What a job of several files is called, unless somebody says otherwise. */
function nameOf(rows, manner) {
  const names = rows.map((row) => row.name.split('/').at(-1).replace(/\.\w+$/, ''));
  return (manner === 'kit' ? names.join(', ') : names[0]).slice(0, 100);
}

/** The jobs that rows make: one each, a kit, or one part sliced for several models. */
export function jobsOf(rows, manner, name) {
  if (manner === 'kit') {
    return [{ name, items: rows.map((row) => ({ ...named(row), count: row.count })) }];
  }
  if (manner === 'models') {
    const files = rows.map((row) => ({ ...named(row), models: words(row.models) }));
    return [{ name, items: [{ files, count: rows[0].count }] }];
  }
  return rows.map((row) => ({ ...named(row), count: row.count }));
}
