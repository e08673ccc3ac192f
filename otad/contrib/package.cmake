# The Debian packages, made by `cpack -G DEB` in a build of the preset `release`: otad (daemon, web pages, what sets it
# up) and otad-signer (the command line of release managers).  web/dist must be built; ./check does.
include(GNUInstallDirs)
set(contrib ${CMAKE_CURRENT_LIST_DIR})

install(TARGETS otad RUNTIME DESTINATION bin COMPONENT otad)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/web/dist/ DESTINATION share/otad/web COMPONENT otad)
install(FILES ${CMAKE_SOURCE_DIR}/sql/roles.sql DESTINATION share/otad COMPONENT otad)
install(PROGRAMS ${contrib}/otad-setup DESTINATION sbin COMPONENT otad)
install(FILES ${contrib}/otad.service DESTINATION /lib/systemd/system COMPONENT otad)
install(FILES ${contrib}/debian/otad.sysusers DESTINATION lib/sysusers.d RENAME otad.conf COMPONENT otad)
install(FILES ${contrib}/otad.conf DESTINATION /etc/otad COMPONENT otad)
install(DIRECTORY DESTINATION /etc/otad/tls COMPONENT otad
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/docs/SPEC.md ${CMAKE_SOURCE_DIR}/docs/DESIGN.md ${CMAKE_SOURCE_DIR}/docs/TOKENS.md
              ${CMAKE_SOURCE_DIR}/docs/alerts.yml ${CMAKE_SOURCE_DIR}/docs/openapi.json ${contrib}/nginx.conf
        DESTINATION share/doc/otad COMPONENT otad)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/otad RENAME copyright COMPONENT otad)

install(TARGETS signer RUNTIME DESTINATION bin COMPONENT signer)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/signer/man/ DESTINATION share/man/man1 COMPONENT signer)
install(FILES ${CMAKE_SOURCE_DIR}/signer/contrib/signer.bash DESTINATION share/bash-completion/completions RENAME signer COMPONENT signer)
# By the name imgtool it is imgtool; /usr/bin/imgtool is left to Python's.
file(CREATE_LINK ../../bin/signer ${CMAKE_CURRENT_BINARY_DIR}/imgtool SYMBOLIC)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/imgtool DESTINATION share/otad-signer COMPONENT signer)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/signer/contrib/imgtool.py DESTINATION share/otad-signer COMPONENT signer)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/otad-signer RENAME copyright COMPONENT signer)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL otad signer)
set(CPACK_PACKAGE_CONTACT "otad <otad@localhost>")
set(CPACK_PACKAGE_VENDOR otad)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_OTAD_PACKAGE_NAME otad)
set(CPACK_COMPONENT_OTAD_DESCRIPTION "secure firmware updates over the air, the server\nStores signed builds for each platform and serves them to microcontrollers over HTTPS.\nIt can offer firmware and cannot make any: devices verify who released what.")
set(CPACK_DEBIAN_OTAD_PACKAGE_DEPENDS "systemd, openssl, postgresql-client")
set(CPACK_DEBIAN_OTAD_PACKAGE_RECOMMENDS postgresql)
set(CPACK_DEBIAN_OTAD_PACKAGE_SUGGESTS "nginx, opensc, otad-signer")
set(CPACK_DEBIAN_OTAD_PACKAGE_CONTROL_EXTRA
    "${contrib}/debian/conffiles;${contrib}/debian/postinst;${contrib}/debian/prerm;${contrib}/debian/postrm")

set(CPACK_DEBIAN_SIGNER_PACKAGE_NAME otad-signer)
set(CPACK_COMPONENT_SIGNER_DESCRIPTION "secure firmware updates over the air, the signing tool\nMakes keys, signs MCUboot images and releases, and publishes them to a server.")
set(CPACK_DEBIAN_SIGNER_PACKAGE_DEPENDS libcurl4) # loaded when needed, so not found by itself
set(CPACK_DEBIAN_SIGNER_PACKAGE_SECTION utils)
include(CPack)
