/** The glossary of `glossary.ts` for banking, public services, buildings, contracts and what people do all day. */
export const SERVICES_GLOSSARY = `
# money and banking
cash, banknote, banknotes: 现金, 现钞, 纸币
coin, coins: 硬币
foreign currency, foreign exchange: 外币, 外汇
cash machine, atm, cash dispenser, teller machine: 取款机, 自动柜员机, 自助设备
teller, bank clerk: 柜员
counter, counters: 柜台, 窗口
vault, strongroom: 金库
safe, safe deposit box, deposit box: 保险柜, 保管箱
counterfeit, forged, fake: 假, 伪造, 假冒
counterfeit currency, counterfeit money, fake money, forged notes: 假币, 假钞
bank card, debit card: 银行卡, 借记卡
credit card: 信用卡
card, cards: 卡
savings, saving: 储蓄, 存款
current account, checking account: 活期, 结算账户
time deposit, fixed deposit: 定期存款, 定期
interest, interest rate: 利息, 利率
transfer, remittance, wire transfer: 转账, 汇款
remit: 汇款
balance: 余额
overdraft: 透支
cheque, check book, cheques: 支票
bill of exchange, draft: 汇票
statement, transaction history: 明细, 流水, 对账单
open account, account opening: 开户, 开立账户
close account: 销户, 注销账户
freeze, frozen: 冻结, 查封
guarantee, surety: 担保, 保证
collateral, pledge: 抵押, 质押
borrower, debtor: 借款人, 债务人
creditor: 债权人
debt, debts: 债务, 欠款
shareholder, shareholders: 股东
board, director: 董事会, 董事
capital: 资本, 注册资本
bankruptcy, insolvent, insolvency: 破产
liquidation: 清算
limit, quota, ceiling: 限额, 额度
daily limit: 日累计限额
annual limit: 年累计限额
amount, sum: 金额, 数额
price, prices: 价格, 价款
discount: 折扣, 优惠, 减免
rent, rental: 租金, 租赁
deposit money, security deposit: 押金, 保证金
instalment, instalments, installment: 分期
late fee, late payment: 滞纳金
shortage, shortfall: 短款, 短缺, 不足
surplus: 长款, 结余
seal, stamp, chop: 印章, 公章, 盖章
voucher, vouchers: 凭证
branch, outlet: 网点, 支行, 分支机构
head office, headquarters: 总行, 总部
branch manager: 网点主任, 支行行长
authorise, authorize, authorisation, authorization: 授权
double check, recount: 复核, 复点
large value transaction, large cash: 大额交易, 大额
suspicious transaction: 可疑交易
beneficial owner: 受益所有人
third party: 第三方, 第三人

# public services, papers, household
service hall, service centre, service center: 政务服务大厅, 服务大厅, 服务中心
identity card, id card, identification, id: 身份证, 身份证件
passport: 护照
residence permit, residence card: 居住证
household registration, hukou: 户口, 户籍
household register: 户口簿
birth certificate: 出生医学证明, 出生证
death certificate: 死亡证明
marriage certificate: 结婚证
marriage, marry, married, wedding: 结婚, 婚姻
divorce: 离婚
adoption, adopt: 收养
spouse, husband, wife: 配偶
parent, parents: 父母
child, children: 子女, 儿童, 未成年人
guardian: 监护人
relative, relatives, next of kin, family: 亲属, 近亲属, 家属
heir, heirs: 继承人
inherit, inheritance: 继承
will, testament: 遗嘱
notary, notarised, notarized, notarisation: 公证
power of attorney, proxy: 授权委托书, 委托, 代理
agent, representative: 代理人, 代表
minor, minors, under age, underage: 未成年人, 未满
old people, elderly, senior citizen, seniors, the elderly: 老年人
pensioner: 退休人员
resident, residents: 居民
citizen, citizens: 公民
foreigner, foreigners: 外国人, 境外人员
real estate, property, flat, apartment, house: 不动产, 房屋, 住房
ownership, title deed: 所有权, 产权, 权属证书
land: 土地
tenant, lease: 承租人, 租赁
business licence, business license: 营业执照
food licence, food business licence: 食品经营许可
sole trader, self employed, individual business: 个体工商户, 灵活就业
opening times, service hours: 服务时间, 营业时间
appointment, booking, book, reserve: 预约, 预订
queue, wait, waiting: 排队, 等候
missed appointment, miss: 过号, 逾期, 未到
counter number: 号窗口
collect, pick up: 领取, 取回
issue, issued: 发放, 出具, 签发, 发证
renew, renewal: 续期, 续签, 延续, 换领
replace, replacement: 更换, 补发, 补办, 换领
valid, validity: 有效, 有效期
invalid, void: 无效, 作废
cancel, cancellation: 取消, 注销
modify, amend, correct, correction: 更正, 修改, 变更
change, changes, changed: 更换, 修改, 变更, 更改
enter, entry: 进入, 出入, 录入
turn off, switch off: 关闭
turn on, switch on: 开启, 打开
hand in, submit, submission: 提交, 上交, 递交
answer, reply, respond, response: 答复, 回复, 响应
repair, fix: 维修, 修理, 修复
clean, cleaning: 清洁, 清洗, 打扫
carry, bring: 携带, 持, 带
wear: 佩戴, 穿
check, verify: 核对, 检查, 核实
borrow, lend: 借用, 借阅, 出借
use, usage: 使用
open: 开启, 打开, 开放
close: 关闭
start, begin: 开始
finish, complete: 完成, 办结
increase, raise: 增加, 上浮, 提高
reduce, decrease: 减少, 降低
extend, extension of time: 延长, 延期
delay: 延迟, 推迟, 延误
send: 发送, 寄送, 邮寄
receive: 收到, 领取, 接收
allow, permitted: 允许, 准许, 可以
refuse, reject, refusal: 拒绝, 驳回
lost property: 失物, 招领
change address, move house: 变更住址, 搬迁
document, documents, papers, materials: 材料, 文件, 证件
original: 原件
photo, photograph, picture: 照片
fingerprint: 指纹
face recognition, facial recognition: 人脸识别
sample: 样本, 样品
public, publish, disclose information: 公开, 公布, 公示
freedom of information, government information: 政府信息公开
administrative review, reconsideration: 行政复议
allowance for the aged: 高龄津贴
exempt, exemption, waived: 免收, 免除, 免
working day, working days, business day, business days: 工作日
within: 内, 之内
weekend duty: 周末值班
holiday, holidays: 节假日, 假期

# buildings, security, vehicles
alarm: 警报, 报警, 报警器
camera, cctv, surveillance, recording: 监控, 录像, 摄像
guard, security guard: 保安, 保安员
robbery, theft, steal, stolen: 抢劫, 盗窃, 被盗
intruder, break in: 闯入, 侵入
evacuate, evacuation: 疏散, 撤离
drill, exercise: 演练
fire extinguisher: 灭火器
first aid: 急救
lift, elevator: 电梯
floor, storey: 楼, 层
door, gate: 门
meeting room, conference room: 会议室
office, offices: 办公室
toilet, restroom: 卫生间, 洗手间
parking, car park, parking lot: 停车, 停车场
car, vehicle, vehicles: 车辆, 机动车, 汽车
official car, company car: 公务用车
driver, drive, driving: 驾驶员, 司机, 驾驶
bus: 公交, 公共汽车
subway, metro, underground: 地铁, 捷运
bicycle, bike: 自行车
kilometre, kilometer, km, mileage: 公里, 里程
fuel, petrol: 燃油, 加油
overnight, night, at night: 夜间, 晚上
dust, noise: 粉尘, 噪声
waste, garbage, rubbish: 废物, 垃圾, 废弃物
water: 水
electricity, power: 电, 电力
gas: 燃气
temperature: 温度
refrigerator, fridge: 冰箱, 冷藏

# work
rotate, rotation: 轮岗, 轮换
resume work, return to work: 复工, 返岗
attendance, clock in: 考勤, 打卡
late, lateness: 迟到, 逾期
absent, absence, absenteeism: 缺勤, 旷工
substitute, stand in: 替岗, 顶岗, 代班
intern, interns, trainee: 实习生, 实习
agency worker, agency staff, dispatched worker, contractor: 劳务派遣, 外包, 派遣
part time: 非全日制, 兼职
full time: 全日制, 专职
recruit, hire, hiring: 招用, 录用, 招聘
job, post, position: 岗位, 职位
uniform: 工装, 制服, 工作服
award, reward: 奖励, 表彰
rating, score: 评分, 考核
exam, examination, test: 考试, 测试
qualification, qualified: 资格, 合格
course, lesson: 课程
tuition: 学费, 培训费
volunteer: 志愿者
protective equipment, protective gear: 防护用品, 防护用具
chief accountant, finance manager: 会计机构负责人, 财务负责人
secretary, clerk: 文员, 秘书
chairman, chairperson: 主席, 董事长
staff meeting, employee congress: 职工代表大会, 职工大会

# law, contracts, liability
liability, liable, responsible: 责任, 承担
obligation, duty to: 义务
right, rights: 权利
party, parties: 当事人, 双方
agreement: 协议, 约定
clause, terms: 条款
breach, violate, violation: 违反, 违约
negligence, gross negligence: 过失, 重大过失
intentional, deliberately: 故意
warning: 警告
suspend, suspension: 暂停, 停止
revoke, revocation: 吊销, 撤销
confiscate, confiscation: 没收
illegal, unlawful: 违法, 非法
illegal gains, illegal income: 违法所得
order to correct, rectify: 责令改正, 整改
close down, shut down: 关闭, 停业
inspection, inspect, inspector: 检查, 监督检查
supervision, supervise: 监督, 监管
investigate, investigation: 调查
whistleblower, informant, tip: 举报, 举报人
retaliate, retaliation: 打击报复
objection, object to: 异议
hearing: 听证
burden of proof: 举证责任
enforce, enforcement, execution: 执行
advertisement, advertising: 广告, 宣传
defective, defect: 缺陷, 瑕疵
warranty, guarantee period: 保修, 三包
recall: 召回
quality: 质量
label, labelling: 标签, 标识
food: 食品
cosmetics: 化妆品
double, twice, three times, triple: 二倍, 两倍, 三倍
installment purchase, prepaid card: 预付卡, 预收款
personal safety: 人身安全
expert, experts: 专家
autopsy: 尸检
informed consent: 知情同意, 书面同意
clinical trial: 临床试验
over the counter: 非处方药
manufacturer, producer: 生产者, 生产企业, 厂商
importer, import, imported: 进口
export: 出口
wholesale, retail: 批发, 零售
destroy, destruction: 销毁
seal up, sealed: 封存, 密封
tamper, falsify, forge: 篡改, 伪造, 变造
algorithm, automated decision, automated decision making: 算法, 自动化决策
standard contract: 标准合同
security assessment: 安全评估
separate consent: 单独同意
leak, leakage, data breach: 泄露
delete, erase, erasure: 删除
anonymise, anonymous, anonymised: 匿名, 匿名化
classified, secrecy level, confidentiality level: 密级, 涉密
declassify, declassified: 解密
minimum age: 年满, 不满
compulsory, mandatory: 强制, 必须
voluntary: 自愿
temporary: 临时
permanent: 永久, 长期
urgent: 紧急, 急
serious, severe: 严重, 情节严重
natural disaster: 自然灾害
force majeure: 不可抗力
funeral: 丧葬
survivor, dependant, dependants, dependent: 供养亲属, 遗属
lump sum: 一次性
nursing care: 护理
wheelchair, artificial limb, prosthesis: 轮椅, 假肢, 辅助器具

# systems and screens
screen, display: 屏幕, 显示
app, mobile app, application program: 应用, 手机银行, 客户端
website, web page: 网站
user, users: 用户
username, user name: 用户名, 账号
verification code, one time password: 验证码, 动态口令
qr code: 二维码
upload: 上传
download: 下载
attachment, file, files: 附件, 文件
version: 版本
update, upgrade, patch: 更新, 升级, 补丁
antivirus: 杀毒, 防病毒
access right, access rights, permission, permissions: 权限
seconds, second: 秒
minutes, minute: 分钟
week, weeks, weekly: 周, 每周
monthly: 每月
quarter, quarterly: 季度, 每季度
percent, percentage: 百分之, 比例
half: 半, 一半
number of people: 人数
capacity: 容量, 容纳
weight: 重量
speed: 速度
distance: 距离
`;
