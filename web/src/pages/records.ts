/** Pages of what stays behind, in one file: who visits one often visits the others. */
export { AuditPage } from "./audit.tsx";
export { DownloadsPage } from "./downloads.tsx";
export { LinksPage } from "./links.tsx";
