# The alias: an extension named `vector`, for what expects pgvector (README.md here). Opt-in, as it takes the name of
# another project's extension.

# pgvector's surface 0.8, from vectordb 1.00: above every 0.8 release of pgvector, and three numbers as clients parse them.
ALIAS_VERSION = 0.8.100
# Releases of pgvector that ALTER EXTENSION vector UPDATE moves from at once. Their SQL objects are the same but for
# casts that 0.7.0 did not have yet, which the update adds.
PGVECTOR_VERSIONS = 0.7.0 0.7.1 0.7.2 0.7.3 0.7.4 0.8.0 0.8.1 0.8.2 0.8.3 0.8.4 0.8.5 0.8.6 0.8.7

ALIAS_INSTALL = sql/vector/vector--$(ALIAS_VERSION).sql
ALIAS_UPDATE = sql/vector/vector--pgvector--$(ALIAS_VERSION).sql
ALIAS_STEPS = $(PGVECTOR_VERSIONS:%=sql/vector/vector--%--pgvector.sql)
ALIAS_FILES = sql/vector/vector.control $(ALIAS_INSTALL) $(ALIAS_UPDATE) $(ALIAS_STEPS)
ALIAS_DIR = $(DESTDIR)$(datadir)/extension

EXTRA_CLEAN += $(ALIAS_INSTALL) $(ALIAS_UPDATE) $(ALIAS_STEPS)

# All that vectordb creates, unless vectordb is there to have created it.
$(ALIAS_INSTALL): sql/vector/install_head.sql $(filter-out %/start.sql,$(SQL_PARTS)) sql/vector/install_tail.sql
	cat $^ >$@

# The same on top of what pgvector has created.
$(ALIAS_UPDATE): sql/vector/update.awk sql/vector/update_head.sql $(filter-out %/start.sql,$(SQL_PARTS)) sql/vector/update_tail.sql
	{ cat $(word 2,$^) && cat $(filter-out %/start.sql,$(SQL_PARTS)) | awk -f $< && cat $(lastword $^); } >$@

$(ALIAS_STEPS):
	echo '-- Every release is moved from by the same script: vector--pgvector--$(ALIAS_VERSION).sql' >$@

.PHONY: vector-alias install-vector-alias uninstall-vector-alias
vector-alias: $(ALIAS_FILES)

# pgvector's own control file, if there is one, is kept beside: uninstalling puts it back.
install-vector-alias: install vector-alias
	$(MKDIR_P) '$(ALIAS_DIR)'
	cd '$(ALIAS_DIR)' && if [ -f vector.control ] && ! grep -q vectordb vector.control; then \
		cp -p vector.control vector.control.pgvector; \
		echo "CREATE EXTENSION vector now means vectordb; pgvector's control file is kept as $$PWD/vector.control.pgvector"; \
	fi
	$(INSTALL_DATA) $(ALIAS_FILES) '$(ALIAS_DIR)/'

uninstall-vector-alias:
	cd '$(ALIAS_DIR)' && rm -f $(notdir $(ALIAS_FILES)) && \
		if [ -f vector.control.pgvector ]; then mv vector.control.pgvector vector.control; fi
