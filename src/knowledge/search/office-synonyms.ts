/** The vocabulary of `synonyms.ts` for the daily life of hospitals and offices: IT, travel, purchases, cabinets, badges. */
export const OFFICE_SYNONYMS = `
# hospital and office IT, administration
停电, 断电, 跳闸, 没电 > 停电, 断电, 供电中断, 电力故障
远程办公, 居家办公, 在家上班, 远程 > 远程接入, 远程办公, VPN
重置密码, 忘记密码, 忘了密码, 改密码 > 密码重置, 重置, 更改密码
锁定, 被锁, 登不上, 登录不了 > 锁定, 登录失败
两步验证, 双重验证, 动态码, 验证码 > 双因素认证, 多因素认证
备份, 拷一份 > 备份
恢复数据, 还原 > 恢复, 还原
电脑, 笔记本, 台式机 > 计算机, 终端, 设备, 电脑
U盘, 优盘, 移动硬盘 > 移动存储介质, U盘
邮箱, 邮件 > 电子邮件, 邮箱
报修, 故障 > 报修, 故障, 维修
死机, 宕机, 挂了, 崩了 > 故障, 宕机, 中断
服务台, 帮助台, IT支持 > 服务台, 信息科, 信息中心
值班, 夜班, 轮班, 值夜 > 值班, 夜班, 轮值
值班费, 夜班费 > 值班补贴, 夜班津贴, 补贴
补贴, 津贴, 补助 > 补贴, 津贴, 补助
出差, 差旅, 外出 > 出差, 差旅
路费, 车费, 车票, 机票 > 差旅费, 差旅费用, 交通费
住酒店, 住宿, 宾馆, 旅馆 > 住宿费, 住宿标准, 住宿
餐费, 饭钱, 伙食 > 伙食补助, 餐费
报销, 报账 > 报销, 费用报销
开车, 自己开车, 驾车 > 自驾, 驾驶, 机动车
高铁, 动车, 火车票 > 火车, 高铁, 列车
坐飞机, 飞机 > 飞机, 航班
半夜, 夜里, 深夜, 大半夜 > 夜间, 夜班
坏了, 坏掉, 出毛病 > 故障, 报修, 维修
打车, 出租车, 网约车 > 出租车, 市内交通
采购, 买设备, 购置, 买东西 > 采购, 购置
招标, 投标 > 招标, 采购
报价, 比价 > 询价, 报价
供应商, 供货商 > 供应商
药柜, 药房 > 药柜, 药品柜, 药房
毒麻药, 麻药, 精麻药品 > 麻醉药品, 精神药品
双人双锁, 两个人开 > 双人双锁, 双人
钥匙, 门禁, 门卡 > 钥匙, 门禁, 权限
权限, 开权限, 账号权限 > 权限, 授权, 账户
丢了, 遗失, 丢失, 弄丢, 不见了, 找不到 > 遗失, 丢失, 挂失, lost
工牌, 胸牌, 工卡 > 工牌, badge
材料, 什么材料, 带什么, 要带, 带哪些 > 材料, 证明, 凭证, 要带, 身份证明
令牌, 动态令牌, token > 令牌, 硬件密钥, 动态口令, token, authenticator
UPS = 不间断电源
能撑, 撑多久, 能顶, 顶多久, 续航 > 支撑, 满载
怎么开, 开柜, 打开, 开锁, 开门 > 开启, 打开, 钥匙, 双锁
怎么连, 连上, 连不上, 联网 > 连线, 连接, 连线方式
失效, 作废, 过期 > 有效, 有效期, 失效
换密码 > 更换密码, 修改密码
酒店, 宾馆, 房费, 一晚, 每晚 > 住宿, 住宿限额, 住宿费
数量不对, 对不上, 少了 > 数量不符, 短缺
陪产假, 护理假 > 陪产假, 护理假, 配偶生育
一个人, 独自, 单独一人 > 一名, 单人
签字, 签名 > 签字, 签名, 审批
盖章, 公章 > 印章, 盖章

# English verbs whose forms the stemmer does not bring together
lose = lost
steal = stole = stolen
break = broke = broken
forget = forgot = forgotten
pay = paid
buy = bought
sell = sold
send = sent
keep = kept
hold = held
give = gave = given
take = took = taken
write = wrote = written
choose = chose = chosen
leave = left
teach = taught
tell = told
find = found
make = made
bring = brought
wear = wore = worn
drive = drove = driven
fall = fell = fallen
see = saw = seen
begin = began = begun
build = built
lend = lent
spend = spent
meet = met
freeze = froze = frozen

# everyday English
near miss, near misses > near miss, level 4
without name, without giving name, giving name, give name, unnamed > anonymous
incident = event
lost, misplaced, missing > lost
stolen, theft > stolen, lost
broken, faulty > failure, fault
eligible, entitled, qualify > eligible, granted
approve, sign off, give permission > approve, approval, approved
valid, expire, run out > valid, expire
token, authenticator, one time code > token, authenticator, one time code
reset, renew, replace > reset, replace, renew
phone, mobile, cell phone > phone, mobile
pick up, answer the phone, reply > answer, pick up
boss, line manager, supervisor > manager, head of the department, supervisor
sick, ill, sickness > sick leave, illness
pay, paid, money > allowance, pay, salary
`;
