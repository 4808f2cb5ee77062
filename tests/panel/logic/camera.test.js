import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureUrl, turned, webServer } from '../../../moonraker_netqueue/panel/core/camera.js';

const SERVER = webServer('192.0.2.7');

test('a URL without a host is on the web server of the printer', () => {
  assert.equal(pictureUrl('/webcam/?action=snapshot', SERVER, false)?.href, 'http://192.0.2.7/webcam/?action=snapshot');
  assert.equal(pictureUrl('webcam/a.jpg', webServer('fe80::1'), false)?.href, 'http://[fe80::1]/webcam/a.jpg');
});

test('what a printer calls itself is that printer, on its port', () => {
  for (const name of ['localhost', '127.0.0.1', '[::1]']) {
    assert.equal(pictureUrl(`http://${name}:8080/shot`, SERVER, false)?.href, 'http://192.0.2.7:8080/shot');
  }
});

test('another host cannot make the page ask a third one', () => {
  for (const url of ['http://198.51.100.1/reboot', '//198.51.100.1/x', 'http:198.51.100.1/x?']) {
    const found = pictureUrl(url, SERVER, false);
    assert.ok(found === null || found.hostname === '192.0.2.7', url);
  }
  assert.equal(pictureUrl('http://198.51.100.1/shot', SERVER, true)?.hostname, '198.51.100.1');
});

test('only the web is asked', () => {
  for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'data:image/png,x', 'http://[']) {
    assert.equal(pictureUrl(url, SERVER, true), null, url);
  }
});

test('a picture is turned as its dashboard turns it', () => {
  const plain = { rotation: 0, flip_horizontal: false, flip_vertical: false };
  assert.equal(turned(plain), '');
  assert.equal(turned({ ...plain, rotation: 180, flip_vertical: true }), 'rotate(180deg) scaleY(-1)');
});
