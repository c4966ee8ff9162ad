// The page in a real browser: looks into a dropped file and runs the built-in program.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFolder } from './static-server.ts';

const here = fileURLToPath(new URL('..', import.meta.url));
const fixture = join(here, '../../fixtures/hello-asm/hello');
const pictures = join(here, 'test-results');

/** Debian's Chromium, or one that the PATH or CHROMIUM names. */
function findChromium(): string {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [process.env.CHROMIUM ?? '', ...candidates].find((path) => path && existsSync(path));
  if (!found)
    throw new Error('No Chromium: install one (Debian: apt-get install chromium) or set CHROMIUM to its path.');
  return found;
}

let server: Server;
let address: string;
let profile: string;
let browser: BrowserContext;
let page: Page;
const troubles: string[] = [];

beforeAll(async () => {
  ({ server, address } = await serveFolder(join(here, 'dist')));
  profile = mkdtempSync(join(tmpdir(), 'elf-browser-'));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    headless: true,
    viewport: { width: 1100, height: 1400 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url()))
      troubles.push(`asked for ${request.url()}`);
  });
  await page.goto(address);
  mkdirSync(pictures, { recursive: true });
});

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  if (profile) rmSync(profile, { recursive: true, force: true });
});

/** Drops bytes on the page as a person drops a file. */
async function drop(name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ fileName, content }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(content)], fileName));
      return data;
    },
    { fileName: name, content: [...bytes] },
  );
  await page.getByTestId('drop').dispatchEvent('drop', { dataTransfer: transfer });
}

describe('the page', () => {
  it('shows headers, segments and the layout of a dropped file', async () => {
    await drop('dropped-program', readFileSync(fixture));
    await page.getByRole('heading', { name: 'dropped-program' }).waitFor();
    const rows = await page.getByTestId('segments').locator('tbody tr').allInnerTexts();
    const cells = rows.map((row) => row.split(/\s+/));
    // The same lines as `readelf -lW fixtures/hello-asm/hello` prints.
    expect(cells).toContainEqual([
      'LOAD',
      '0x1000',
      '0x401000',
      expect.any(String),
      expect.any(String),
      'r-x',
      '0x1000',
    ]);
    expect(cells.filter(([kind]) => kind === 'LOAD')).toHaveLength(4);
    expect(await page.locator('.facts').innerText()).toContain('X86-64');
    expect(await page.locator('.layout svg .band').count()).toBe(4);
    expect(await page.locator('.layout svg desc').textContent()).toContain('zeroed bytes');
    await page.screenshot({ path: join(pictures, 'inspect.png'), fullPage: true });
  });

  it('says what is wrong with a file that is no executable', async () => {
    await drop('letter.txt', new TextEncoder().encode('Dear reader'));
    await page.getByText('letter.txt is').waitFor();
  });

  it('runs the built-in program in a worker and prints into the terminal', async () => {
    await page.getByLabel('Arguments').fill('first second');
    await page.getByRole('button', { name: 'Run hello' }).click();
    const terminal = page.getByTestId('terminal').locator('.xterm-rows');
    await terminal.getByText('argv[2] = second').waitFor({ timeout: 60_000 });
    const text = await terminal.innerText();
    expect(text.replace(/\u00a0/g, ' ')).toContain('hello from x86-64, 3 arguments');
    await page.getByTestId('status').getByText('exit status 0').waitFor();
    await page.screenshot({ path: join(pictures, 'run.png'), fullPage: true });
  });

  it('fits a narrow screen without sideways scrolling', async () => {
    await drop('dropped-program', readFileSync(fixture));
    await page.getByRole('heading', { name: 'dropped-program' }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
    await page.screenshot({ path: join(pictures, 'narrow.png'), fullPage: true });
  });

  it('neither reported an error nor asked another host for anything', () => {
    expect(troubles).toEqual([]);
  });
});
