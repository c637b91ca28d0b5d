import { useMemo, useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';

interface TimeZoneFieldProps {
  readonly value: string;
  readonly onChange: (timeZone: string) => void;
}

/** A time zone of the IANA database, found by typing a part of its name. */
export function TimeZoneField({ value, onChange }: TimeZoneFieldProps) {
  const zones = useMemo(
    () => [...new Set(['UTC', value, ...Intl.supportedValuesOf('timeZone')])].toSorted().map((id) => ({ id, name: id.replaceAll('_', ' ') })),
    [value],
  );
  const [text, setText] = useState(value.replaceAll('_', ' '));
  const wanted = text.toLowerCase();
  const found = zones.filter(({ id, name }) => id === value || name.toLowerCase().includes(wanted));
  return (
    <ComboBox
      className="field"
      items={wanted === value.replaceAll('_', ' ').toLowerCase() ? zones : found}
      inputValue={text}
      onInputChange={setText}
      selectedKey={value}
      onSelectionChange={(key) => {
        if (key !== null) {
          onChange(String(key));
          setText(String(key).replaceAll('_', ' '));
        }
      }}
      menuTrigger="focus"
    >
      <Label className="field-label">Time zone</Label>
      <Input className="input" />
      <p className="field-hint">“Today” and “overdue” are reckoned in it.</p>
      <Popover className="options">
        <ListBox>{(zone: { id: string; name: string }) => <ListBoxItem>{zone.name}</ListBoxItem>}</ListBox>
      </Popover>
    </ComboBox>
  );
}
