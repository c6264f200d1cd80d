{
  'variables': {
    'kill_points%': 0,
    # The one list of the native sources, shared with native/CMakeLists.txt.
    'core_sources': ['<!@(node -p "require(\'fs\').readFileSync(\'native/sources.txt\',\'utf8\').trim().split(/\\s+/).map((file) => \'native/\' + file).join(\' \')")'],
    'binding_sources': ['<!@(node -p "require(\'fs\').readdirSync(\'native/binding\').filter((file) => file.endsWith(\'.cc\')).map((file) => \'native/binding/\' + file).join(\' \')")'],
  },
  'target_defaults': {
    'include_dirs': ['native', '<!(node -p "require(\'node-addon-api\').include_dir")'],
    'defines': ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    'cflags_cc!': ['-std=gnu++17', '-std=c++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-unused-parameter'],
    'cflags': ['-fvisibility=hidden'],
    'libraries': ['-lrt', '-pthread'],
    # Threads of ours run for as long as the process, and so must the code: a worker thread that ends would unload it.
    'ldflags': ['-Wl,-z,nodelete'],
  },
  'targets': [
    {
      'target_name': 'forkless',
      'sources': ['<@(core_sources)', '<@(binding_sources)'],
    },
  ],
  'conditions': [
    ['kill_points==1', {
      'targets': [
        {
          # The addon that the crash tests load: the same sources, with places at which a process can be told to die.
          'target_name': 'forkless_kill_points',
          'defines': ['FORKLESS_KILL_POINTS'],
          'sources': ['<@(core_sources)', '<@(binding_sources)'],
        },
      ],
    }],
  ],
}
