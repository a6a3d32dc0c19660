/**
 * Common English terms of offices, law, health care and IT with their Chinese counterparts, for questions in one
 * language over documents in the other. General vocabulary; a configured embedder does better.
 */
export const GLOSSARY = `
annual leave, paid leave, vacation: 年休假, 带薪年休假, 年假
leave, time off, day off, days off: 休假, 假, 请假
maternity leave: 产假
paternity leave: 陪产假, 护理假
sick leave: 病假, 医疗期
personal leave: 事假
marriage leave: 婚假
bereavement leave: 丧假
miscarriage, miscarried, miscarry: 流产
pregnant, pregnancy: 怀孕, 孕期
childbirth, give birth: 生育, 分娩
breastfeeding, nursing mother: 哺乳, 哺乳期
employee, worker, staff, employees: 职工, 劳动者, 员工, 工作人员
employer, company: 用人单位, 单位, 企业
female employee, women workers: 女职工
manager, supervisor, head: 负责人, 主管, 经理
department: 部门, 科室
employment contract, labour contract, labor contract: 劳动合同
written contract: 书面劳动合同
contract: 合同
probation, probation period, probationary period, trial period: 试用期
fixed term: 固定期限
open ended, indefinite: 无固定期限
resign, resignation, quit: 解除劳动合同, 辞职, 离职
dismiss, dismissal, fire, terminate, termination, lay off: 解除劳动合同, 终止, 辞退
redundancy, layoff: 裁减人员, 经济性裁员
severance, severance pay, economic compensation: 经济补偿
compensation, damages: 赔偿, 补偿
liquidated damages, penalty: 违约金, 罚款
non compete, noncompete, competition restriction: 竞业限制
confidentiality, confidential: 保密
notice, notify, notification: 通知, 告知
in advance, prior notice: 提前, 事先
wage, wages, salary, pay, remuneration: 工资, 劳动报酬
minimum wage: 最低工资标准, 最低工资
overtime: 延长工作时间, 加班
overtime pay: 工资报酬, 加班费, 延长工作时间
working hours, working time, work hours: 工作时间
rest day, weekend: 休息日
public holiday, statutory holiday: 法定休假日, 法定节假日
night shift: 夜班
shift, duty, roster, on call, oncall: 值班, 排班, 轮班
allowance, subsidy: 补贴, 津贴, 补助
bonus: 奖金
work injury, industrial injury, workplace injury, injured at work: 工伤
injury, injured: 伤害, 负伤
accident: 事故
commuting, commute, way to work: 上下班途中
traffic accident: 交通事故
disability, disabled: 伤残, 残疾
occupational disease: 职业病
social insurance, social security: 社会保险
social insurance contribution, contributions, premium: 社会保险费, 缴费, 缴纳
pension, old age insurance: 基本养老金, 养老保险
retirement age: 法定退休年龄, 退休年龄
retire, retirement: 退休
unemployment benefit, unemployment insurance: 失业保险金, 失业保险
unemployed: 失业
medical insurance, health insurance: 医疗保险, 基本医疗保险
housing fund, housing provident fund, provident fund: 住房公积金
withdraw, withdrawal: 提取
mortgage, housing loan: 购房贷款, 住房贷款
loan: 贷款
trade union, labour union, union: 工会
strike: 停工
collective contract: 集体合同
labour dispute, labor dispute, employment dispute: 劳动争议
arbitration: 仲裁
arbitration commission: 仲裁委员会
mediation: 调解
lawsuit, litigation, sue: 诉讼, 起诉
court: 人民法院
jurisdiction: 管辖
limitation period, statute of limitations, time limit: 时效, 期限
deadline: 期限, 日内
appeal: 申诉, 上诉, 复议
complaint, complain: 投诉
report: 报告, 报送
fine, fined: 罚款
punishment: 处罚
criminal liability: 刑事责任
legal representative: 法定代表人
law: 法律, 法
regulation, regulations, rule: 规定, 条例
article: 条
prohibited, forbidden, ban: 禁止, 不得
permit, licence, license: 许可, 许可证
approve, approval, approved: 批准, 审批
apply, application, applicant: 申请, 申请人
register, registration: 登记, 注册
certificate: 证书, 证明
evidence, proof: 证据, 证明
period, duration: 期限, 期间
year, annually, per year: 年, 每年
month, months: 月, 个月
day, days: 日, 天
hours, hour: 小时
minimum, at least: 至少, 不少于, 不得少于, 不低于
maximum, at most: 不超过, 不得超过, 最高
keep, retain, retention, store, preserve: 保存, 留存
personal information, personal data: 个人信息
sensitive personal information: 敏感个人信息
consent: 同意
privacy: 隐私
data: 数据
important data: 重要数据
stored in china, stored: 存储
data processor, personal information handler: 处理者, 个人信息处理者
processing: 处理
cross border, abroad, overseas, foreign, outside china: 境外, 出境, 外国
data transfer, transfer: 提供, 传输
provide, disclose: 提供, 披露
law enforcement agency, law enforcement, judicial: 执法机构, 司法或者执法机构, 司法
competent authority, authority, authorities: 主管机关, 主管部门
government: 人民政府, 政府
police, public security: 公安机关
network operator: 网络运营者
network: 网络
network log, network logs: 网络日志
log, logs: 日志
cybersecurity, network security: 网络安全
cyber attack, attack: 网络攻击
incident: 事件
vulnerability, security flaw: 漏洞, 安全缺陷
risk assessment: 风险评估
impact assessment: 影响评估
assessment: 评估
critical information infrastructure: 关键信息基础设施
encryption, cryptography: 密码, 加密, 商用密码
password, passwords: 密码, 口令
password reset, reset password: 密码重置, 重置
expire, expiry, expired: 有效期, 到期, 过期
length, characters long: 长度, 位
account: 账户, 账号
login, sign in, log in: 登录
locked, lockout: 锁定
multi factor, two factor, mfa, 2fa: 多因素认证, 双因素认证
remote access, remote: 远程接入, 远程
vpn: VPN, 虚拟专用网
backup, back up, backups: 备份
restore, recovery: 恢复
server, servers: 服务器
computer, laptop, workstation: 计算机, 电脑, 终端
usb, usb drive, removable media: U盘, 移动存储介质
email, mail: 邮件, 电子邮件
help desk, service desk, it support: 服务台, 信息科
ticket: 工单
outage, downtime, failure: 故障, 中断, 停机
power failure, power outage, power cut, blackout: 停电, 断电
generator: 发电机
ups: UPS, 不间断电源
printer: 打印机
software, program: 软件, 程序
source code: 源代码
electronic signature, digital signature, e signature: 电子签名
private key, signing key: 电子签名制作数据, 私钥
signature: 签名
state secret: 国家秘密
trade secret: 商业秘密
archive, archives: 档案
accounting, accountant: 会计
cashier: 出纳
ledger, books: 会计账簿, 账目
invoice, receipt: 发票, 凭证
audit: 审计
bank: 商业银行, 银行
deposit: 存款
money laundering: 洗钱
customer identity: 客户身份
consumer: 消费者
business operator, seller, merchant, shop: 经营者, 销售者
goods, product: 商品, 产品
refund, return: 退货, 退款
online, internet: 网络, 互联网
fraud, scam: 诈骗, 欺诈
phone card, sim card: 电话卡
bribery, bribe: 贿赂
unfair competition: 不正当竞争
prize, lottery: 有奖销售, 奖
hospital, medical institution: 医疗机构, 医院
doctor, physician: 医师, 医生, 医务人员
nurse: 护士
patient: 患者, 病人
medical record, medical records: 病历, 病历资料
medical dispute: 医疗纠纷
emergency, rescue, resuscitation: 抢救, 急救
surgery, operation: 手术
infectious disease, communicable disease: 传染病
quarantine, isolation, isolated: 隔离
vaccine: 疫苗
drug, drugs, medicine, medicines: 药品
counterfeit drug, fake drug: 假药
inferior drug, substandard drug: 劣药
prescription: 处方
narcotic, narcotics: 麻醉药品
psychotropic: 精神药品
drug cabinet, medicine cabinet: 药柜
controlled drug, controlled substance: 特殊管理的药品, 麻醉药品
health check, medical examination, checkup: 健康检查, 体检
intensive care unit, icu: 重症医学科, 重症监护, ICU
emergency department, emergency room: 急诊科, 急诊
outpatient, outpatient clinic: 门诊
inpatient, ward, wards: 住院, 病房, 病区
operating room, operating theatre: 手术室
pharmacy, pharmacist: 药房, 药师, 药剂科
laboratory, lab: 检验科, 实验室
radiology: 放射科
anaesthesia, anesthesia: 麻醉
morphine: 吗啡
fentanyl: 芬太尼
pethidine: 哌替啶
ketamine: 氯胺酮
insulin: 胰岛素
antibiotic, antibiotics: 抗生素, 抗菌药物
ampoule, ampoules, vial, vials: 支, 安瓿
dose, dosage: 剂量
allergy: 过敏
infection: 感染
blood, transfusion: 血液, 输血
diagnosis, medical certificate: 诊断, 诊断证明
registration fee, fee, charge: 费用, 收费
bed, beds: 床位, 病床
ambulance: 救护车
adverse event: 不良事件
equipment, device, devices: 设备, 器械
maintenance: 维护, 保养
telephone, phone, extension: 电话, 分机
office hours, opening hours: 办公时间, 服务时间
form: 表, 表格
copy, photocopy: 复印, 复印件
free of charge, free: 免费, 无偿
witness, two persons, two people: 双人, 见证
handover, hand over: 交接, 移交
inventory, stock count, stocktaking: 清点, 盘点, 库存
storage, tape, tapes: 存储, 磁带
data centre, data center, machine room: 机房, 数据中心
wifi, wireless network: 无线网络
firewall: 防火墙
database: 数据库
encrypted, encrypt: 加密
guest: 访客
promotion, promoted: 晋升
performance review, appraisal: 考核, 绩效
disciplinary: 处分, 纪律
safety: 安全
work safety, production safety: 安全生产
safety officer: 安全生产管理人员
fire: 火灾, 消防
hazard, hazardous: 危险, 危害
training: 培训
travel, business trip: 出差, 差旅
hotel, accommodation, lodging: 住宿, 酒店
meal, meals: 伙食, 餐费
taxi: 出租车
train: 火车, 高铁
flight, plane, airfare: 机票, 飞机
expense, expenses: 费用
reimburse, reimbursement, claim: 报销
budget: 预算
procurement, purchase, purchasing, buy: 采购, 购置
tender, bid, bidding: 招标, 投标
quotation, quote, quotes: 报价, 询价
supplier, vendor: 供应商
key, keys: 钥匙
access card, badge: 门禁卡, 工牌
lost, lose: 丢失, 遗失
visitor: 访客
tax: 税
income tax: 个人所得税
`;
