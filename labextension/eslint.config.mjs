import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  {
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-namespace': 'off',
      curly: 'error',
      eqeqeq: ['error', 'smart'],
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Only model/request.ts speaks HTTP.' }
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['../views/*', './views/*'],
              message: 'The model knows no view.'
            }
          ]
        }
      ]
    }
  },
  {
    files: ['src/index.ts', 'src/views/**', 'test/**'],
    rules: { 'no-restricted-imports': 'off' }
  }
);
