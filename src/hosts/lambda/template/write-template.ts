import { cdkApp } from './cdk-app.ts'
import type { FunctionPlan } from './function-plan.ts'
import { samTemplate } from './sam-template.ts'
import { terraformModule } from './terraform-module.ts'

/** The languages in which a function can be described. */
export const templateFormats = ['sam', 'cdk', 'terraform'] as const

export type TemplateFormat = (typeof templateFormats)[number]

/** The files of a template, by name. The same plan gives the same texts. */
export function writeTemplate(plan: FunctionPlan, format: TemplateFormat): ReadonlyMap<string, string> {
  switch (format) {
    case 'sam':
      return new Map([['template.yaml', samTemplate(plan)]])
    case 'cdk':
      return cdkApp(plan)
    case 'terraform':
      return new Map([['main.tf', terraformModule(plan)]])
  }
}
