import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  chooseSubnet,
  claim,
  describeSelf,
  findOwner,
  isAlive,
  LabInUseError,
  listOwners,
  release,
  startTimeOf,
  type Owner,
} from '../../lab/ownership.js';

let work: string;
let index: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'lab-owner-'));
  index = join(work, 'index');
});
afterEach(() => rmSync(work, { recursive: true }));

const ownerOf = (name: string, subnet = 1): Owner => ({
  name,
  directory: join(work, name),
  ...describeSelf(),
  subnet,
  controlGroups: [],
});

describe('the owner of a lab', () => {
  test('is found by the name of the lab, whatever folder is asked for', () => {
    const owner = ownerOf('a');
    claim(owner, index);
    expect(findOwner('a', '/nowhere', index)).toEqual(owner);
    expect(findOwner('b', '/nowhere', index)).toBeUndefined();
    release('a', owner.directory, index);
    expect(findOwner('a', owner.directory, index)).toBeUndefined();
    expect(existsSync(index)).toBe(false);
  });

  test('is alive as long as its process is, and not when another process has its pid', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const owner = { ...ownerOf('a'), pid, startTime: startTimeOf(pid) ?? '' };
    expect(isAlive(owner)).toBe(true);
    expect(isAlive({ ...owner, startTime: '1' })).toBe(false);
    expect(isAlive({ ...owner, bootId: 'before the reboot' })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(owner)).toBe(false);
  });

  test('is one: a second process is refused with the pid of the first', () => {
    claim({ ...ownerOf('a'), pid: process.ppid }, index);
    expect(() => claim(ownerOf('a'), index)).toThrow(LabInUseError);
    expect(() => claim(ownerOf('a'), index)).toThrow(`in use by process ${process.ppid}`);
  });
});

test('every lab has a subnet of its own', () => {
  expect(chooseSubnet(0, index)).toBe(0);
  claim(ownerOf('a', 1), index);
  claim(ownerOf('b', 2), index);
  expect(listOwners(index).map((owner) => owner.name)).toEqual(['a', 'b']);
  expect(chooseSubnet(1, index)).toBe(3);
});
