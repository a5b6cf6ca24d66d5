/* sqlite:DIRECTORY/ *.db: one target for each file that the pattern finds. */
#ifndef DBVITALS_CLI_FILES_H
#define DBVITALS_CLI_FILES_H

/* The path of sqlite:PATH; NULL if URL is another. Borrowed. */
const char *file_path(const char *url);
/* The name of a target that the config does not name: the file's, without folder and ending. Heap. */
char *file_name(const char *path);
/* The URLs of all files that URL's pattern finds now, in order, NULL-ended; NULL if it is no pattern, or
 * finds none. Heap, as are they. */
char **files_found(const char *url);
void files_free(char **urls);

#endif
