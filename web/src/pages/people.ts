/** Pages of people and access in one file of the build: who opens one opens others. */
export { AccountPage } from "./account.tsx";
export { KeysPage } from "./keys.tsx";
export { RolePage } from "./role.tsx";
export { RolesPage } from "./roles.tsx";
export { UserPage } from "./user.tsx";
export { UsersPage } from "./users.tsx";
