// XEP-0020 Feature Negotiation, as much as XEP-0095 has of it: which kind of stream carries the bytes.
import { type Element, xml } from '../../session/xml.js';
import { NS_IBB } from '../ibb/stanzas.js';

const NS_FEATURE_NEG = 'http://jabber.org/protocol/feature-neg';
const NS_DATA_FORMS = 'jabber:x:data';
const VAR = 'stream-method';

/** The choice that an offer gives: in-band bytestreams alone. */
export const offeredMethods = (): Element =>
  negotiation('form', xml('field', { var: VAR, type: 'list-single' }, xml('option', {}, ibb())));

/** What was chosen from an offer. */
export const chosenMethod = (): Element => negotiation('submit', xml('field', { var: VAR }, ibb()));

export function offersIbb(si: Element): boolean {
  const options = findField(si)?.getChildren('option') ?? [];
  return options.some((option) => option.getChild('value')?.getText() === NS_IBB);
}

/** XEP-0095 §4.1: exactly one is chosen. */
export function choosesIbb(si: Element): boolean {
  const values = findField(si)?.getChildren('value') ?? [];
  return values.length === 1 && values[0]?.getText() === NS_IBB;
}

const ibb = () => xml('value', {}, NS_IBB);

function negotiation(type: 'form' | 'submit', field: Element): Element {
  const form = xml('x', { xmlns: NS_DATA_FORMS, type }, field);
  return xml('feature', { xmlns: NS_FEATURE_NEG }, form);
}

function findField(si: Element): Element | undefined {
  const form = si.getChild('feature', NS_FEATURE_NEG)?.getChild('x', NS_DATA_FORMS);
  return form?.getChildren('field').find(({ attrs }) => attrs.var === VAR);
}
