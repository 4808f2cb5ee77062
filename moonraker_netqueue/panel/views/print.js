// A print of which nobody knows how it ended: a person decides, told what each risks.

import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { format, heard, t, told } from '../core/text.js';
import { Dialog } from './parts.js';

export function PrintDialog({ printId, session, actions, show }) {
  const [print, setPrint] = useState(/** @type {any} */ (null));
  const close = () => show(null);
  useEffect(() => {
    session.call('get_print', { print_id: printId }).then((answer) => setPrint(answer.print), close);
  }, [printId]);
  const decide = async (action) => {
    if (action === 'wait' || (await actions.call('post_print', { print_id: printId, action }, t('saved')))) {
      close();
    }
  };
  const choices = Object.entries(print?.choices ?? {});
  return html`<${Dialog} title=${t('print.what_happened')} onClose=${close}>
    ${!print
      ? html`<p class="quiet">${t('loading')}</p>`
      : html`<p>${t('print.story', {
          file: print.file || print.job,
          printer: print.printer,
          state: told('print', print.state),
          when: format.moment(print.started ?? print.reserved, Date.now() / 1000),
        })}</p>
        ${print.reason && html`<p class="quiet">${heard(print.reason)}</p>`}
        ${!choices.length && html`<p>${t('print.decided')}</p>`}
        <div class="choices">${choices.map(
          ([action, risk]) => html`<button type="button" class="choice" key=${action}
            onClick=${() => decide(action)}>
            <strong>${told('decision', action)}</strong><span>${heard(risk)}</span></button>`,
        )}</div>`}
  <//>`;
}
