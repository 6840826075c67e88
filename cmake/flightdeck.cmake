# The functions every folder's CMakeLists.txt uses.

add_library(flightdeck_options INTERFACE)
target_compile_options(flightdeck_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow=local -Wnon-virtual-dtor>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees these in std::string's own operator+ and in nlohmann-json when it inlines (GCC bugs 105329, 105651).
  target_compile_options(flightdeck_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized>)
endif()
if(FLIGHTDECK_WERROR)
  target_compile_options(flightdeck_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(FLIGHTDECK_SANITIZE)
  target_compile_options(flightdeck_options INTERFACE -fsanitize=${FLIGHTDECK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(flightdeck_options INTERFACE -fsanitize=${FLIGHTDECK_SANITIZE})
endif()

# flightdeck_library(name [LINKS public libraries...] [PRIVATE private libraries...])
# One static library of all .cpp files of the current folder. What it does not link it cannot use.
function(flightdeck_library name)
  cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp *.h)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE flightdeck_options ${ARG_PRIVATE})
  # Reading these headers is most of a small file's compile time.
  list(LENGTH sources count)
  if(count GREATER 8)
    target_precompile_headers(${name} PRIVATE <algorithm> <functional> <map> <memory> <span> <string> <vector> <fmt/format.h>
                              <tl/expected.hpp> <nlohmann/json.hpp>)
  endif()
endfunction()

# Qt defines these differently in every folder, which would forbid shared precompiled headers; no test uses them.
# Tests name only the fields they mean: {.temperature = 0}.
set(flightdeck_test_flags $<$<CONFIG:Release>:-O1> -UQT_TESTCASE_BUILDDIR -UQT_TESTCASE_SOURCEDIR -Wno-missing-field-initializers)

# flightdeck_tests(LINKS libraries...): every *_test.cpp of the current folder is one Qt Test program and one ctest.
function(flightdeck_tests)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *_test.cpp)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    # Programs that link Qt Gui cannot use the shared headers; they read them as text.
    set_target_properties(${name} PROPERTIES AUTOMOC ON PCH_WARN_INVALID OFF)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} Qt6::Test flightdeck_options)
    target_compile_definitions(${name} PRIVATE FLIGHTDECK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    # Qt Test defines these folders for every target, which would make the precompiled headers unusable.
    target_precompile_headers(${name} REUSE_FROM flightdeck_test_headers)
    target_compile_options(${name} PRIVATE ${flightdeck_test_flags})
    add_test(NAME ${name} COMMAND ${name})
    # English wherever the machine stands: the window follows the system's language.
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;LANGUAGE=en" TIMEOUT 300)
  endforeach()
endfunction()
