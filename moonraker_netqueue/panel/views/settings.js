// Settings of the queue, which hold on all its hosts, and those of this browser.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { shareChanges } from '../core/hours.js';
import { chooseLanguage, language, LANGUAGES, t, told } from '../core/text.js';
import { chosenTheme, chooseTheme, THEMES } from '../core/theme.js';
import { Hours, Shares } from './hours.js';
import { CardHead, Field } from './parts.js';

const STRATEGIES = ['assignment', 'lookahead', 'greedy', 'fifo'];

export function Settings({ session, actions, state }) {
  const [queues, setQueues] = useState(/** @type {any[] | null} */ (null));
  const load = () =>
    session.connection.call('server.netqueue.get_queues').then((answer) => setQueues(answer.queues), () => setQueues([]));
  useEffect(() => {
    load();
  }, [state.name]);
  const queue = queues?.find((one) => one.queue === state.name);
  return html`<section class="columns settings" aria-label=${t('tab.settings')}>
    ${queue
      ? html`<${QueueForm} key=${queue.queue} queue=${queue} actions=${actions} onSaved=${load}
          owners=${[...new Set(state.queue.jobs.map((job) => job.owner).filter(Boolean))].sort()} />`
      : html`<div class="card"><p class="quiet pad">${t('loading')}</p></div>`}
    <div class="card"><${CardHead} icon="open" title=${t('settings.browser')} />
      <div class="form pad">
        <${Field} label=${t('settings.theme')}>
          <select onChange=${(event) => chooseTheme(event.target.value)}>
            ${THEMES.map((one) => html`<option key=${one} value=${one} selected=${chosenTheme() === one}>
              ${t(`theme.${one}`)}</option>`)}</select><//>
        <${Field} label=${t('settings.language')}>
          <select onChange=${(event) => chooseLanguage(event.target.value)}>
            ${Object.entries(LANGUAGES).map(
              ([tag, own]) => html`<option key=${tag} value=${tag} selected=${language === tag}>${own}</option>`,
            )}</select><//>
        <p class="quiet">${t('settings.about', { version: state.status.version, host: state.status.name })}</p>
      </div></div>
  </section>`;
}

function QueueForm({ queue, owners, actions, onSaved }) {
  const [periods, setPeriods] = useState(queue.operator);
  const [rows, setRows] = useState(
    Object.entries(queue.shares).map(([owner, share]) => ({ owner, share: Number(share) })),
  );
  const save = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const weights = {};
    for (const [name, value] of Object.entries(queue.weights)) {
      const said = String(form.get(`weight.${name}`) ?? '');
      if (said === '') weights[name] = null;
      else if (Number(said) !== value) weights[name] = Number(said);
    }
    const shares = shareChanges(queue.shares, rows);
    const change = {
      title: String(form.get('title')),
      strategy: String(form.get('strategy')),
      start_spacing_s: Number(form.get('start_spacing_s')),
      ...(Object.keys(weights).length ? { weights } : {}),
      ...(Object.keys(shares).length ? { shares } : {}),
      ...(periods !== queue.operator ? { operator: periods } : {}),
    };
    if (await actions.call('post_queues', { queue: queue.queue, ...change }, t('saved'))) onSaved();
  };
  return html`<form class="card" onSubmit=${save}>
    <${CardHead} icon="settings" title=${t('settings.queue')}><span class="quiet">${queue.queue}</span><//>
    <div class="form pad">
      <${Field} label=${t('settings.title')}><input name="title" maxlength="64" defaultValue=${queue.title} /><//>
      <fieldset class="strategies"><legend>${t('settings.strategy')}</legend>${STRATEGIES.map(
        (one) => html`<label class="check" key=${one}>
          <input type="radio" name="strategy" value=${one} defaultChecked=${queue.strategy === one} />
          <span>${told('strategy', one)}<small class="quiet">${t(`strategy_text.${one}`)}</small></span></label>`,
      )}</fieldset>
      <${Field} label=${t('settings.spacing')} hint=${t('settings.spacing_hint')}>
        <input name="start_spacing_s" type="number" min="0" max="3600" defaultValue=${queue.start_spacing_s} /><//>
      <${Hours} label=${t('hours.title')} hint=${t('hours.none')} periods=${periods} onChange=${setPeriods} />
      <${Shares} rows=${rows} owners=${owners} onChange=${setRows} />
      <details><summary>${t('settings.weights')}</summary>
        <div class="quiet">${t('settings.weights_hint')}</div>
        <div class="fields">${Object.entries(queue.weights).map(
          ([name, value]) => html`<${Field} key=${name} label=${told('weight', name)} hint=${told('weight_text', name)}>
            <input name=${`weight.${name}`} type="number" step="any" defaultValue=${value} /><//>`,
        )}</div></details>
      <div class="acts"><button type="submit" class="primary">${t('save')}</button></div>
    </div></form>`;
}
