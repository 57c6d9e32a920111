// Keys and certificates for those who have no CA of their own.
export {
  type CertificateFiles,
  hostFiles,
  initPki,
  makeHostCertificate,
  type PkiFiles,
  pkiFiles,
  revokeHostCertificate,
} from "./authority.ts";
