// The page: its frame, and which view is shown.

import { html, render, useEffect, useState } from './vendor/htm-preact.js';
import { login, loginRequired } from './core/access.js';
import { Actions } from './core/actions.js';
import { Link } from './core/connection.js';
import { Session } from './core/session.js';
import { heard, loadLanguage, t } from './core/text.js';
import { embedded, followTheme } from './core/theme.js';
import { AddDialog, printable } from './views/add.js';
import { History } from './views/history.js';
import { Icon } from './views/icons.js';
import { JobDialog } from './views/job.js';
import { Jobs } from './views/jobs.js';
import { Log } from './views/log.js';
import { Members, Recover } from './views/members.js';
import { Dialog, IconButton, Said, Toasts } from './views/parts.js';
import { Plan } from './views/plan.js';
import { PrintDialog } from './views/print.js';
import { Printers } from './views/printers.js';
import { Settings } from './views/settings.js';

const TABS = ['jobs', 'printers', 'plan', 'history', 'members', 'settings', 'log'];
const VIEWS = { printers: Printers, plan: Plan, history: History, members: Members, settings: Settings, log: Log };

const LOGO = new URL('./style/icon.svg', import.meta.url).href;

const tabOf = () => TABS.find((tab) => `#${tab}` === location.hash) ?? 'jobs';

function App({ session, actions }) {
  const [state, setState] = useState(session.state);
  const [tab, setTab] = useState(tabOf);
  const [shown, show] = useState(/** @type {any} */ (null));
  const [, setMinute] = useState(0);
  useEffect(() => {
    let asked = 0;
    const stop = session.subscribe(() => {
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        setState(session.state);
      });
    });
    const turn = () => setTab(tabOf());
    addEventListener('hashchange', turn);
    const clock = setInterval(() => setMinute((n) => n + 1), 20000); // times go on
    setState(session.state);
    return () => {
      stop();
      removeEventListener('hashchange', turn);
      clearInterval(clock);
    };
  }, []);
  useDrop((files) => show({ add: files }), actions);
  const ready = state.queue !== null;
  if (state.link === Link.DENIED && !ready) {
    return html`<main class="login"><div class="card pad"><h1>${t('login.title')}</h1><${Login} session=${session} /></div></main>`;
  }
  const title = state.status?.queues[state.name]?.title || state.name || t('title');
  document.title = title;
  const parts = { session, actions, state, show };
  const View = VIEWS[tab];
  return html`<${Said.Provider} value=${actions}><${Head} title=${title} ...${parts} />
    <nav class="tabs" aria-label=${t('tabs')}>${TABS.map(
      (one) => html`<a key=${one} href=${`#${one}`} class=${one === tab ? 'on' : ''}
        aria-current=${one === tab ? 'page' : undefined}>
        <${Icon} name=${one === 'printers' ? 'printer' : one} /><span>${t(`tab.${one}`)}</span>
        ${badge(one, state)}</a>`,
    )}</nav>
    <${Banners} ...${parts} />
    <main>
      ${!ready && html`<div class="card"><p class="quiet pad" role="status">${heard(state.problem) || t('loading')}</p></div>`}
      ${ready && tab === 'jobs' &&
      html`<div class="overview"><${Jobs} ...${parts} />
        <aside class="beside"><${Printers} ...${parts} /></aside></div>`}
      ${ready && tab !== 'jobs' && html`<${View} ...${parts} />`}
    </main>
    ${state.login && html`<${LoginDialog} session=${session} />`}
    ${ready && html`<${Shown} shown=${shown} ...${parts} />`}
    <${Toasts} /><//>`;
}

/** The dialog above the page. */
function Shown({ shown, ...parts }) {
  if (!shown) return null;
  if (shown.add) return html`<${AddDialog} files=${shown.add} ...${parts} />`;
  if (shown.print) return html`<${PrintDialog} printId=${shown.print} ...${parts} />`;
  const job = parts.state.queue.jobs.find((one) => one.job_id === shown.job);
  return job ? html`<${JobDialog} key=${job.job_id} job=${job} ...${parts} />` : null;
}

function badge(tab, state) {
  const lost = state.queue?.counts.lost ?? 0;
  const missing = state.status?.queues[state.name]?.members.filter((m) => !m.connected && m.host_id !== state.status.host_id).length ?? 0;
  const asking = state.members?.requests?.filter((one) => one.asks).length ?? 0;
  const n = { printers: lost, members: missing + asking }[tab];
  return n ? html`<span class="badge" aria-label=${t(`badge.${tab}`, { n })}>${n}</span>` : null;
}

function Head({ title, session, actions, state }) {
  const names = Object.keys(state.status?.queues ?? {});
  const paused = state.queue?.counts.paused;
  return html`<header class="toolbar">
    ${!embedded && html`<img class="logo" src=${LOGO} alt="" />`}
    ${names.length > 1
      ? html`<h1><select aria-label=${t('queue.choose')} onChange=${(event) => session.choose(event.target.value)}>
          ${names.map(
            (name) => html`<option key=${name} value=${name} selected=${name === state.name}>
              ${state.status.queues[name].title || name}</option>`,
          )}</select></h1>`
      : html`<h1>${title}</h1>`}
    <span class="space"></span>
    <${LinkMark} state=${state} />
    ${state.queue &&
    html`<button type="button" class=${paused ? 'primary' : 'text'}
      aria-label=${paused ? t('queue.resume') : t('queue.pause')}
      onClick=${() => actions.call(paused ? 'resume' : 'pause', {})}>
      <${Icon} name=${paused ? 'play' : 'pause'} /><span class="wide-only">
      ${paused ? t('queue.resume') : t('queue.pause')}</span></button>`}
    ${embedded && html`<${IconButton} icon="open" label=${t('open_page')}
      onClick=${() => window.open(location.pathname, '_blank', 'noopener')} />`}
  </header>`;
}

function LinkMark({ state }) {
  const there = state.link === Link.ONLINE;
  const quorum = state.status?.queues[state.name]?.quorum ?? true;
  const [kind, text] = !there
    ? ['error', t({ [Link.LOST]: 'link.lost', [Link.DENIED]: 'link.denied' }[state.link] ?? 'link.connecting')]
    : quorum
      ? ['success', t('link.online')]
      : ['warning', t('link.no_quorum')];
  return html`<span class=${`link-mark ${kind}`} role="status"><i></i><span class="wide-only">${text}</span></span>`;
}

/** What a person has to know before anything else. */
function Banners({ session, actions, state }) {
  const [recovering, setRecovering] = useState(false);
  const queue = state.status?.queues[state.name];
  return html`<div class="banners" role="region" aria-label=${t('banner.label')}>
    ${state.link === Link.LOST && html`<p class="note error" role="alert">${t('banner.lost')}</p>`}
    ${state.link === Link.DENIED &&
    html`<div class="note error" role="alert"><span>${t('banner.logged_out')}</span>
      <button type="button" class="outlined" onClick=${() => session.set({ login: true })}>${t('login.do')}</button></div>`}
    ${state.queue && state.problem && html`<p class="note error" role="alert">${heard(state.problem)}</p>`}
    ${queue && !queue.quorum &&
    html`<div class="note warning" role="alert"><span>${t('banner.no_quorum', { missing: queue.missing.join(', ') || '?' })}</span>
      <button type="button" class="outlined" onClick=${() => setRecovering(true)}>${t('recover.open')}</button></div>`}
    ${state.members?.members.some((m) => m.here && m.role === 'viewer') &&
    html`<p class="note warning">${t('banner.viewer')}</p>`}
    ${state.queue?.counts.paused && html`<p class="note">${t('banner.paused')}</p>`}
    ${[...(state.status?.notices ?? []), ...(queue?.notices ?? [])].map((text) => html`<p class="note" key=${text}>${heard(text)}</p>`)}
    ${queue?.error && html`<p class="note error" role="alert">${heard(queue.error)}</p>`}
  </div>
  ${recovering && html`<${Recover} session=${session} actions=${actions} onClose=${() => setRecovering(false)} />`}`;
}

/** A login that ended: what was typed on the page stays, and it goes on after. */
function LoginDialog({ session }) {
  return html`<${Dialog} title=${t('login.again')} onClose=${() => session.set({ login: false })}>
    <p>${t('login.ended')}</p><${Login} session=${session} /><//>`;
}

function Login({ session }) {
  const [wrong, setWrong] = useState('');
  const [forced, setForced] = useState(/** @type {boolean | null} */ (null));
  useEffect(() => {
    loginRequired().then(setForced, () => setForced(false));
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    try {
      await login(form.get('user'), form.get('password'));
      await session.connection.renew();
      session.set({ login: session.connection.denied });
    } catch (/** @type {any} */ error) {
      setWrong(error.message || t('login.failed'));
    }
  };
  return html`<form class="form" onSubmit=${submit}>
    ${forced !== null && html`<p class="quiet">${t(forced ? 'login.forced' : 'login.text')}</p>`}
    <label class="field"><span>${t('login.user')}</span>
      <input name="user" autocomplete="username" required /></label>
    <label class="field"><span>${t('login.password')}</span>
      <input name="password" type="password" autocomplete="current-password" required /></label>
    ${wrong && html`<p class="note error" role="alert">${wrong}</p>`}
    <button type="submit" class="primary">${t('login.do')}</button></form>`;
}

/** Files may be dropped anywhere on the page. */
function useDrop(onFiles, actions) {
  useEffect(() => {
    const root = document.documentElement;
    const over = (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      root.classList.add('dropping');
    };
    const leave = (event) => {
      if (event.relatedTarget === null) root.classList.remove('dropping');
    };
    const drop = (event) => {
      root.classList.remove('dropping');
      if (!event.dataTransfer?.files.length || event.defaultPrevented) return;
      event.preventDefault();
      const found = printable(event.dataTransfer.files);
      if (found.length) onFiles(found);
      else actions.say(t('add.only_gcode'), { error: true });
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
}

followTheme();
const session = new Session();
session.open();
await loadLanguage();
render(
  html`<${App} session=${session} actions=${new Actions(session)} />`,
  /** @type {Element} */ (document.getElementById('app')),
);
