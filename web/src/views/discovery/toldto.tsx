// SPDX-License-Identifier: Apache-2.0
// views/discovery/toldto.tsx - which hosts are told of something: every one, or some.
import { HostList } from '../../components/hostinput';

export type Hosts = string[] | null;

export function ToldTo({ hosts, set, error }: { hosts: Hosts; set: (hosts: Hosts) => void; error: string | undefined }) {
  return (
    <>
      <fieldset>
        <legend>Told to</legend>
        <label class="choice"><input type="checkbox" checked={hosts === null} onChange={(event) => set(event.currentTarget.checked ? null : [])} /> every host</label>
        {hosts && <HostList label="hosts that are told" hosts={hosts} set={set} />}
      </fieldset>
      {error && <p class="wrong" role="alert">{error}</p>}
    </>
  );
}
