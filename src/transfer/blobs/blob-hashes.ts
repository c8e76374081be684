/** The hashes by which a blob may be called, as its cid has them. */
export { HASH_ALGORITHMS as BLOB_HASHES, isMisspelt } from '../../protocol/bob/content-id.js';
