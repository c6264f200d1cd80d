{
  'targets': [
    {
      'target_name': 'eventfd_loop',
      'sources': ['eventfd_loop.cc'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS'],
      'cflags_cc!': ['-std=gnu++17', '-std=c++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++20', '-O3', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wno-unused-parameter'],
    },
  ],
}
