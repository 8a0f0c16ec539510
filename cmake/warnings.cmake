# Compiler flags of every target: warnings for gcc and clang, and the sanitizers that were asked for.
add_compile_options(
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wcast-qual -Wvla -Wundef -Wformat=2 -Wswitch-enum -Wwrite-strings -Wnull-dereference
    -fvisibility=hidden -fno-strict-overflow -fstack-protector-strong)
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)

if(KN_WERROR)
    add_compile_options(-Werror)
endif()

if(KN_SANITIZE)
    add_compile_options(-fsanitize=${KN_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${KN_SANITIZE})
endif()

# The fuzzer steers by what the libraries run through, so these are instrumented too.
if(KN_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
