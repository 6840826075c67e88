<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>build</name>
    <message>
        <source>Full precision</source>
        <translation>全精度</translation>
    </message>
    <message>
        <source>the checkpoint&apos;s own numbers</source>
        <translation>检查点原有的数值</translation>
    </message>
    <message>
        <source>weight-only, per channel</source>
        <translation>仅权重，逐通道</translation>
    </message>
    <message>
        <source>weight-only, group %1</source>
        <translation>仅权重，每组 %1 列</translation>
    </message>
    <message>
        <source>Read checkpoint</source>
        <translation>读取检查点</translation>
    </message>
    <message>
        <source>Rewrite graph</source>
        <translation>改写计算图</translation>
    </message>
    <message>
        <source>Quantize and pack</source>
        <translation>量化并打包</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>校验</translation>
    </message>
    <message>
        <source>Write engine</source>
        <translation>写入引擎</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>剩余 %1</translation>
    </message>
    <message>
        <source>free memory is not known</source>
        <translation>空闲内存未知</translation>
    </message>
    <message>
        <source>tight: %1 to spare</source>
        <translation>勉强放得下：余 %1</translation>
    </message>
    <message>
        <source>fits with %1 to spare</source>
        <translation>放得下，余 %1</translation>
    </message>
    <message>
        <source>tight: %1 over, fewer sequences or tokens</source>
        <translation>偏紧：超出 %1，可并行的序列或上下文会变少</translation>
    </message>
    <message>
        <source>needs %1 more: choose fewer bits</source>
        <translation>还差 %1：请选更低的位数</translation>
    </message>
    <message>
        <source>%1 layers · hidden %2 · %3 heads (%4) · vocabulary %5 · context %6</source>
        <translation>%1 层 · 隐藏维度 %2 · %3 个注意力头（%4）· 词表 %5 · 上下文 %6</translation>
    </message>
</context>
<context>
    <name>downloads</name>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Asking the hub</source>
        <translation>正在询问平台</translation>
    </message>
    <message>
        <source>Fetching</source>
        <translation>下载中</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>校验中</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>已中断</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>%1/s</source>
        <translation>%1/秒</translation>
    </message>
    <message>
        <source>%1 left</source>
        <translation>剩余 %1</translation>
    </message>
    <message>
        <source>%1 of %2 files</source>
        <translation>%1 / %2 个文件</translation>
    </message>
    <message>
        <source>%1 M</source>
        <translation>%1M</translation>
    </message>
    <message>
        <source>%1 k</source>
        <translation>%1k</translation>
    </message>
</context>
<context>
    <name>fit</name>
    <message>
        <source>weights %1 + cache of one sequence of %2 tokens %3 + workspace %4 = %5</source>
        <translation>权重 %1 + 一个 %2 词元序列的缓存 %3 + 工作区 %4 = %5</translation>
    </message>
</context>
<context>
    <name>flightdeck::AdvancedPanel</name>
    <message>
        <source>Advanced</source>
        <translation>高级选项</translation>
    </message>
    <message>
        <source>Sequences that run at the same time</source>
        <translation>同时运行的序列数</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>The longest prompt in tokens</source>
        <translation>提示词最长的词元数</translation>
    </message>
    <message>
        <source>The longest answer in tokens</source>
        <translation>回答最长的词元数</translation>
    </message>
    <message>
        <source>Type of the weights that are not quantized</source>
        <translation>未量化权重的类型</translation>
    </message>
    <message>
        <source>Type of the key/value cache</source>
        <translation>键值缓存的类型</translation>
    </message>
    <message>
        <source>per channel</source>
        <translation>逐通道</translation>
    </message>
    <message>
        <source>Columns that share a scale; smaller is more exact and larger on disk</source>
        <translation>共用一个缩放系数的列数；越小越精确，占用磁盘也越多</translation>
    </message>
    <message>
        <source>Smaller and faster, at some cost in quality</source>
        <translation>更小更快，质量略有损失</translation>
    </message>
    <message>
        <source>Compares the engine&apos;s logits with full precision while building</source>
        <translation>构建时把引擎的 logits 与全精度比较</translation>
    </message>
</context>
<context>
    <name>flightdeck::BatchTimeline</name>
    <message>
        <source>Batch timeline</source>
        <translation>批次时间线</translation>
    </message>
    <message>
        <source>Rows are slots, columns are iterations. The request list beside it says the same in words.</source>
        <translation>行是槽位，列是迭代。旁边的请求列表用文字说明同样的内容。</translation>
    </message>
    <message>
        <source>#%1  %2 tok</source>
        <translation>#%1  %2 词元</translation>
    </message>
    <message>
        <source>slot %1</source>
        <translation>槽位 %1</translation>
    </message>
    <message>
        <source>%1
prefill of %2 tokens, iterations %3 to %4</source>
        <translation>%1
预填充 %2 个词元，第 %3 至 %4 次迭代</translation>
    </message>
    <message>
        <source>%1
decode, %2 tokens so far, iterations %3 to %4</source>
        <translation>%1
解码，已生成 %2 个词元，第 %3 至 %4 次迭代</translation>
    </message>
</context>
<context>
    <name>flightdeck::BuildPage</name>
    <message>
        <source>Build an engine</source>
        <translation>构建引擎</translation>
    </message>
    <message>
        <source>An engine is a model made ready for this computer: its graph rewritten, its weights quantized. Choose the folder of a model (config.json and safetensors) to see what each precision would need.</source>
        <translation>引擎是为这台电脑准备好的模型：计算图经过改写，权重经过量化。选择一个模型文件夹（含 config.json 和 safetensors），看看每种精度需要多少资源。</translation>
    </message>
    <message>
        <source>Choose a model folder</source>
        <translation>选择模型文件夹</translation>
    </message>
    <message>
        <source>Choose another model</source>
        <translation>换一个模型</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>精度</translation>
    </message>
    <message>
        <source>Ready to build</source>
        <translation>可以构建</translation>
    </message>
    <message>
        <source>Name of the engine</source>
        <translation>引擎名称</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>构建</translation>
    </message>
    <message>
        <source>%1 is built</source>
        <translation>%1 已构建完成</translation>
    </message>
    <message>
        <source>The build failed: %1</source>
        <translation>构建失败：%1</translation>
    </message>
    <message>
        <source>The build was cancelled. Nothing of it is left on the disk.</source>
        <translation>构建已取消，磁盘上没有留下任何文件。</translation>
    </message>
    <message>
        <source>%1 on disk</source>
        <translation>占用磁盘 %1</translation>
    </message>
    <message>
        <source>cannot be used</source>
        <translation>无法使用</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>Folder of a model</source>
        <translation>模型文件夹</translation>
    </message>
    <message>
        <source>estimates for %1, %2 free, up to %3 sequences</source>
        <translation>按 %1 估算，空闲 %2，最多 %3 个序列</translation>
    </message>
    <message>
        <source>Give the engine a name without “/” at most 100 characters long.</source>
        <translation>请给引擎取一个不含“/”、不超过 100 个字符的名称。</translation>
    </message>
    <message>
        <source>An engine of this name exists: choose another name, or delete it on the Models page.</source>
        <translation>已有同名引擎：请换一个名称，或在“模型”页删除它。</translation>
    </message>
    <message>
        <source>The checkpoint is read layer by layer and stays untouched. The engine appears in the library when it is whole; cancelling leaves nothing behind.</source>
        <translation>检查点会被逐层读取，本身不会改动。引擎完整写好后才会出现在模型库中；取消不会留下任何文件。</translation>
    </message>
</context>
<context>
    <name>flightdeck::ChatController</name>
    <message>
        <source>This answer is not on the disk yet: %1</source>
        <translation>这条回答还没有写入磁盘：%1</translation>
    </message>
    <message>
        <source>No engine is open: open one on the Models page, or build one first.</source>
        <translation>没有打开的引擎：请在“模型”页打开一个，或先构建一个。</translation>
    </message>
    <message>
        <source>The message could not be stored, so it was not sent: %1</source>
        <translation>消息无法保存，因此没有发送：%1</translation>
    </message>
    <message>
        <source>chat %1</source>
        <translation>对话 %1</translation>
    </message>
</context>
<context>
    <name>flightdeck::ChatPage</name>
    <message>
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Choose the engine that answers</source>
        <translation>选择用哪个引擎回答</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>查找</translation>
    </message>
    <message>
        <source>Find in this chat  Ctrl+F</source>
        <translation>在此对话中查找  Ctrl+F</translation>
    </message>
    <message>
        <source>Tune</source>
        <translation>调节</translation>
    </message>
    <message>
        <source>System prompt and sampling of this chat</source>
        <translation>此对话的系统提示词与采样设置</translation>
    </message>
    <message>
        <source>There is no answer to copy here.</source>
        <translation>这里没有可复制的回答。</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>新对话</translation>
    </message>
    <message>
        <source>Choose an engine  ▾</source>
        <translation>选择引擎  ▾</translation>
    </message>
    <message>
        <source>greedy</source>
        <translation>贪心</translation>
    </message>
    <message>
        <source>temperature %1</source>
        <translation>温度 %1</translation>
    </message>
    <message>
        <source>top_p %1</source>
        <translation>top_p %1</translation>
    </message>
    <message>
        <source>top_k %1</source>
        <translation>top_k %1</translation>
    </message>
    <message>
        <source>system prompt</source>
        <translation>系统提示词</translation>
    </message>
    <message>
        <source>no engine open</source>
        <translation>没有打开的引擎</translation>
    </message>
    <message>
        <source>Open an engine to send messages</source>
        <translation>打开引擎后才能发送消息</translation>
    </message>
    <message>
        <source>Deleted “%1”</source>
        <translation>已删除“%1”</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Close the engine</source>
        <translation>关闭引擎</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>模型…</translation>
    </message>
</context>
<context>
    <name>flightdeck::CodeBlock</name>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy this code</source>
        <translation>复制这段代码</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>代码</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>code</source>
        <translation>代码</translation>
    </message>
</context>
<context>
    <name>flightdeck::Composer</name>
    <message>
        <source>Editing a message: the answer becomes a new branch, the old one stays.</source>
        <translation>正在编辑消息：回答会成为新的分支，原来的仍然保留。</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Write a message…</source>
        <translation>输入消息…</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>系统提示词</translation>
    </message>
    <message>
        <source>context</source>
        <translation>上下文</translation>
    </message>
    <message>
        <source>Context in use</source>
        <translation>已用的上下文</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>发送</translation>
    </message>
    <message>
        <source>Enter sends, Shift+Enter breaks the line</source>
        <translation>Enter 发送，Shift+Enter 换行</translation>
    </message>
    <message>
        <source>Stop  Esc</source>
        <translation>停止  Esc</translation>
    </message>
    <message>
        <source>The pasted text has %1 characters; at most %2 can be sent at once.</source>
        <translation>粘贴的文本有 %1 个字符；一次最多可发送 %2 个。</translation>
    </message>
    <message>
        <source>Pasted text, %1 characters  ✕</source>
        <translation>粘贴的文本，%1 个字符  ✕</translation>
    </message>
    <message>
        <source>Remove the pasted text</source>
        <translation>移除粘贴的文本</translation>
    </message>
    <message>
        <source>Send as branch</source>
        <translation>作为分支发送</translation>
    </message>
    <message>
        <source>The oldest %1 messages no longer fit and are left out.</source>
        <translation>最早的 %1 条消息已放不下，将被省略。</translation>
    </message>
    <message>
        <source>context full</source>
        <translation>上下文已满</translation>
    </message>
</context>
<context>
    <name>flightdeck::ConversationList</name>
    <message>
        <source>Chats</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>New chat  Ctrl+N</source>
        <translation>新对话  Ctrl+N</translation>
    </message>
    <message>
        <source>Search messages  Ctrl+K</source>
        <translation>搜索消息  Ctrl+K</translation>
    </message>
    <message>
        <source>Search messages</source>
        <translation>搜索消息</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Nothing found. The search looks at titles and at every message.</source>
        <translation>没有找到。搜索范围包括标题和每一条消息。</translation>
    </message>
    <message>
        <source>Your conversations will stand here. They are stored on this computer only.</source>
        <translation>你的对话会显示在这里，它们只保存在这台电脑上。</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>取消置顶</translation>
    </message>
    <message>
        <source>Pin</source>
        <translation>置顶</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Title of this conversation</source>
        <translation>此对话的标题</translation>
    </message>
</context>
<context>
    <name>flightdeck::ConversationModel</name>
    <message>
        <source>Pinned</source>
        <translation>置顶</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>昨天</translation>
    </message>
    <message>
        <source>Last 7 days</source>
        <translation>最近 7 天</translation>
    </message>
    <message>
        <source>Earlier</source>
        <translation>更早</translation>
    </message>
    <message>
        <source>generating · %1 tok/s</source>
        <translation>生成中 · %1 词元/秒</translation>
    </message>
    <message>
        <source>generating</source>
        <translation>生成中</translation>
    </message>
    <message>
        <source>1 message</source>
        <translation>1 条消息</translation>
    </message>
    <message>
        <source>%1 messages</source>
        <translation>%1 条消息</translation>
    </message>
</context>
<context>
    <name>flightdeck::DiscoverView</name>
    <message>
        <source>Name of a model, OWNER/NAME, or its address</source>
        <translation>模型名称、所有者/名称，或网址</translation>
    </message>
    <message>
        <source>Search models</source>
        <translation>搜索模型</translation>
    </message>
    <message>
        <source>Hub</source>
        <translation>模型平台</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>排序</translation>
    </message>
    <message>
        <source>Most downloads</source>
        <translation>下载最多</translation>
    </message>
    <message>
        <source>Most relevant</source>
        <translation>最相关</translation>
    </message>
    <message>
        <source>Most likes</source>
        <translation>点赞最多</translation>
    </message>
    <message>
        <source>Newest</source>
        <translation>最新</translation>
    </message>
    <message>
        <source>More</source>
        <translation>更多</translation>
    </message>
    <message>
        <source>Find a model</source>
        <translation>寻找模型</translation>
    </message>
    <message>
        <source>Search Hugging Face or ModelScope. Every model shows how much would be fetched and whether its engines fit this computer. Nothing is asked of the network before you search.</source>
        <translation>在 Hugging Face 或 ModelScope 上搜索。每个模型都会显示需要下载多少，以及它的引擎能否在这台电脑上运行。在你搜索之前，不会访问网络。</translation>
    </message>
    <message>
        <source>Show the most downloaded</source>
        <translation>显示下载最多的模型</translation>
    </message>
    <message>
        <source>Searching %1…</source>
        <translation>正在搜索 %1…</translation>
    </message>
    <message>
        <source>Nothing found</source>
        <translation>没有找到</translation>
    </message>
    <message>
        <source>%1 has no language model for “%2”. Try fewer words, or the other hub.</source>
        <translation>%1 上没有与“%2”相符的语言模型。请减少关键词，或换另一个平台。</translation>
    </message>
    <message>
        <source>The search failed</source>
        <translation>搜索失败</translation>
    </message>
    <message>
        <source>The hub cannot be reached</source>
        <translation>无法连接模型平台</translation>
    </message>
    <message>
        <source>Too many requests for now</source>
        <translation>暂时请求过多</translation>
    </message>
    <message>
        <source>The hub refuses</source>
        <translation>平台拒绝了请求</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>未找到</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>1 model</source>
        <translation>1 个模型</translation>
    </message>
    <message>
        <source>%1 models</source>
        <translation>%1 个模型</translation>
    </message>
</context>
<context>
    <name>flightdeck::DownloadRow</name>
    <message>
        <source>Build engine</source>
        <translation>构建引擎</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>校验</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Progress of %1</source>
        <translation>%1 的进度</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Download again</source>
        <translation>重新下载</translation>
    </message>
    <message>
        <source>Pause %1: what is there stays</source>
        <translation>暂停 %1：已下载的部分会保留</translation>
    </message>
    <message>
        <source>Go on with %1; nothing is fetched twice</source>
        <translation>继续下载 %1；不会重复下载</translation>
    </message>
    <message>
        <source>Cancel %1 and remove what is there of it</source>
        <translation>取消 %1 并删除已下载的部分</translation>
    </message>
    <message>
        <source>Take %1 off this list (its files stay)</source>
        <translation>把 %1 移出列表（文件保留）</translation>
    </message>
    <message>
        <source>Build an engine from %1</source>
        <translation>用 %1 构建引擎</translation>
    </message>
    <message>
        <source>Read every file of %1 again and compare its hash</source>
        <translation>重新读取 %1 的每个文件并核对哈希</translation>
    </message>
</context>
<context>
    <name>flightdeck::DownloadsView</name>
    <message>
        <source>No downloads</source>
        <translation>没有下载任务</translation>
    </message>
    <message>
        <source>What you download on Discover stands here with its progress. A download can be paused, goes on after a restart, and gets its name only when every file is verified.</source>
        <translation>在“发现”中下载的模型会连同进度显示在这里。下载可以暂停，重启后可以继续；所有文件都校验通过后才算完成。</translation>
    </message>
    <message>
        <source>Find a model</source>
        <translation>寻找模型</translation>
    </message>
    <message>
        <source>Every file is as it was downloaded.</source>
        <translation>所有文件都与下载时一致。</translation>
    </message>
    <message>
        <source>Damaged: %1. Delete the model in the Library and download it again.</source>
        <translation>已损坏：%1。请在“模型库”中删除这个模型，再重新下载。</translation>
    </message>
    <message>
        <source>Not there any more: %1. Connect its disk again, or take it off this list and download it once more.</source>
        <translation>已经不在：%1。请重新连接它所在的磁盘，或把它移出列表后重新下载。</translation>
    </message>
</context>
<context>
    <name>flightdeck::EngineSession</name>
    <message>
        <source>reading</source>
        <translation>正在读取</translation>
    </message>
    <message>
        <source>packing weights</source>
        <translation>正在打包权重</translation>
    </message>
    <message>
        <source>warming up</source>
        <translation>正在预热</translation>
    </message>
</context>
<context>
    <name>flightdeck::FindBar</name>
    <message>
        <source>Find in this chat</source>
        <translation>在此对话中查找</translation>
    </message>
    <message>
        <source>Earlier message  Shift+Enter</source>
        <translation>上一条  Shift+Enter</translation>
    </message>
    <message>
        <source>Later message  Enter</source>
        <translation>下一条  Enter</translation>
    </message>
    <message>
        <source>Close  Esc</source>
        <translation>关闭  Esc</translation>
    </message>
    <message>
        <source>not in this chat</source>
        <translation>此对话中没有</translation>
    </message>
    <message>
        <source>message %1 of %2</source>
        <translation>第 %1 条，共 %2 条</translation>
    </message>
</context>
<context>
    <name>flightdeck::FirstStart</name>
    <message>
        <source>Progress of the build</source>
        <translation>构建进度</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Ask %1 something</source>
        <translation>向 %1 提问</translation>
    </message>
    <message>
        <source>It runs on this computer (%1) and remembers %2 tokens of a conversation. Enter sends, Shift+Enter breaks the line, Esc stops an answer.</source>
        <translation>它在这台电脑上运行（%1），能记住一段对话中的 %2 个词元。Enter 发送，Shift+Enter 换行，Esc 停止回答。</translation>
    </message>
    <message>
        <source>Opening %1</source>
        <translation>正在打开 %1</translation>
    </message>
    <message>
        <source>You can write already; sending waits for the engine.</source>
        <translation>现在就可以输入；发送要等引擎就绪。</translation>
    </message>
    <message>
        <source>The engine could not be built</source>
        <translation>引擎构建失败</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>No engine is open</source>
        <translation>没有打开的引擎</translation>
    </message>
    <message>
        <source>An engine is a model made ready for this computer. Open one to chat with it.</source>
        <translation>引擎是为这台电脑准备好的模型。打开一个就可以和它对话。</translation>
    </message>
    <message>
        <source>Choose an engine</source>
        <translation>选择引擎</translation>
    </message>
    <message>
        <source>Welcome aboard</source>
        <translation>欢迎使用</translation>
    </message>
    <message>
        <source>Flightdeck builds engines from language models and chats with them on this computer. A small starter model comes with it: one click builds its INT8 engine in a few seconds and opens a chat.</source>
        <translation>Flightdeck 把语言模型构建成引擎，并在这台电脑上与它对话。随程序附带一个小型入门模型：点一下，几秒钟就能构建好它的 INT8 引擎并打开对话。</translation>
    </message>
    <message>
        <source>Build the starter engine and chat</source>
        <translation>构建入门引擎并开始对话</translation>
    </message>
    <message>
        <source>Flightdeck builds engines from language models and chats with them on this computer. Import a folder with a model to begin.</source>
        <translation>Flightdeck 把语言模型构建成引擎，并在这台电脑上与它对话。请先导入一个模型文件夹。</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>导入模型</translation>
    </message>
    <message>
        <source>Building the starter engine</source>
        <translation>正在构建入门引擎</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>正在开始</translation>
    </message>
</context>
<context>
    <name>flightdeck::LibraryView</name>
    <message>
        <source>Engines</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>%1 is deleted, %2 are free again.</source>
        <translation>已删除 %1，释放了 %2。</translation>
    </message>
    <message>
        <source>%1 · %2 · context %3 · %4 sequences · built %5</source>
        <translation>%1 · %2 · 上下文 %3 · %4 个序列 · 构建于 %5</translation>
    </message>
    <message>
        <source>Damaged: %1</source>
        <translation>已损坏：%1</translation>
    </message>
    <message>
        <source>Delete it and build it again on the Build page: its checkpoint is untouched.</source>
        <translation>请删除它，再到“构建”页重新构建：它的检查点没有受影响。</translation>
    </message>
    <message>
        <source>open</source>
        <translation>已打开</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Chat with %1</source>
        <translation>与 %1 对话</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Delete %1</source>
        <translation>删除 %1</translation>
    </message>
    <message>
        <source>Not there any more: %1</source>
        <translation>已经不在：%1</translation>
    </message>
    <message>
        <source>Connect its disk again, and the model comes back by itself, or take it off this list.</source>
        <translation>请重新连接它所在的磁盘，模型会自动回来；也可以把它移出列表。</translation>
    </message>
    <message>
        <source>Repair the folder and come back to this page, or take it off this list: its files stay.</source>
        <translation>请修复这个文件夹后再回到此页，或把它移出列表：文件会保留。</translation>
    </message>
    <message>
        <source>comes with Flightdeck</source>
        <translation>随 Flightdeck 附带</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>构建</translation>
    </message>
    <message>
        <source>Build an engine from %1</source>
        <translation>用 %1 构建引擎</translation>
    </message>
    <message>
        <source>Take %1 off this list (its files stay)</source>
        <translation>把 %1 移出列表（文件保留）</translation>
    </message>
    <message>
        <source>%1 was taken off the list; its files stay where they are.</source>
        <translation>%1 已移出列表；文件仍在原处。</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>No engine yet. Press Build beside a checkpoint: a small model takes seconds.</source>
        <translation>还没有引擎。点一下检查点旁边的“构建”：小模型只需几秒钟。</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>正在查找…</translation>
    </message>
    <message>
        <source>No checkpoint yet. Find one on a hub, import the folder of a model (config.json, *.safetensors), or drop it here.</source>
        <translation>还没有检查点。可以到模型平台寻找，导入模型的文件夹（config.json、*.safetensors），或把它拖到这里。</translation>
    </message>
    <message>
        <source>Find a model</source>
        <translation>寻找模型</translation>
    </message>
    <message>
        <source>%1, %2 on disk · drop a model folder here to import it</source>
        <translation>%1，占用磁盘 %2 · 把模型文件夹拖到这里即可导入</translation>
    </message>
    <message>
        <source>1 engine</source>
        <translation>1 个引擎</translation>
    </message>
    <message>
        <source>%1 engines</source>
        <translation>%1 个引擎</translation>
    </message>
    <message>
        <source>Deleted the engine %1</source>
        <translation>已删除引擎 %1</translation>
    </message>
    <message>
        <source>Delete %1?</source>
        <translation>删除 %1？</translation>
    </message>
    <message>
        <source>Delete %1 from the cache of %2?</source>
        <translation>从 %2 的缓存中删除 %1？</translation>
    </message>
    <message>
        <source>Up to %1 become free: what another revision still uses stays. Other programs that find models in this cache lose it too; engines built from it go on working.</source>
        <translation>最多释放 %1：其他版本仍在使用的部分会保留。使用这个缓存的其他程序也会失去它；已经用它构建的引擎不受影响。</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>No engine can be built from it: %1</source>
        <translation>无法用它构建引擎：%1</translation>
    </message>
</context>
<context>
    <name>flightdeck::MainWindow</name>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>%1 could not be opened: %2</source>
        <translation>无法打开 %1：%2</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Conversations cannot be stored: %1</source>
        <translation>对话无法保存：%1</translation>
    </message>
    <message>
        <source>Not imported: %1. A model is a folder with config.json, *.safetensors and tokenizer.model.</source>
        <translation>未导入：%1。模型是一个含有 config.json、*.safetensors 和 tokenizer.model 的文件夹。</translation>
    </message>
    <message>
        <source>%1 is downloaded and verified.</source>
        <translation>%1 已下载并通过校验。</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>构建</translation>
    </message>
    <message>
        <source>The download failed: %1</source>
        <translation>下载失败：%1</translation>
    </message>
</context>
<context>
    <name>flightdeck::MessageView</name>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy this message</source>
        <translation>复制这条消息</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>编辑</translation>
    </message>
    <message>
        <source>Regenerate</source>
        <translation>重新生成</translation>
    </message>
    <message>
        <source>Previous version</source>
        <translation>上一个版本</translation>
    </message>
    <message>
        <source>Next version</source>
        <translation>下一个版本</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>显示全部</translation>
    </message>
    <message>
        <source>Show all %1 characters</source>
        <translation>显示全部 %1 个字符</translation>
    </message>
    <message>
        <source>You: %1</source>
        <translation>你：%1</translation>
    </message>
</context>
<context>
    <name>flightdeck::ModelRow</name>
    <message>
        <source>%1 downloads</source>
        <translation>%1 次下载</translation>
    </message>
    <message>
        <source>%1 likes</source>
        <translation>%1 个赞</translation>
    </message>
    <message>
        <source>%1 B parameters</source>
        <translation>%1B 参数</translation>
    </message>
    <message>
        <source>%1 M parameters</source>
        <translation>%1M 参数</translation>
    </message>
    <message>
        <source>gated</source>
        <translation>需授权</translation>
    </message>
    <message>
        <source>Its licence has to be accepted on the hub before it can be downloaded</source>
        <translation>下载之前需要先在平台上接受它的许可</translation>
    </message>
    <message>
        <source>on this computer</source>
        <translation>已在本机</translation>
    </message>
    <message>
        <source>No engine can be built from it yet: %1</source>
        <translation>目前还不能用它构建引擎：%1</translation>
    </message>
    <message>
        <source>Its licence has to be accepted first</source>
        <translation>需要先接受它的许可</translation>
    </message>
    <message>
        <source>Looking at its files…</source>
        <translation>正在查看它的文件…</translation>
    </message>
</context>
<context>
    <name>flightdeck::ModelsPage</name>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Import a folder…</source>
        <translation>导入文件夹…</translation>
    </message>
    <message>
        <source>Folder of a model</source>
        <translation>模型文件夹</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>模型库</translation>
    </message>
    <message>
        <source>Discover</source>
        <translation>发现</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>View of the models</source>
        <translation>模型页的视图</translation>
    </message>
    <message>
        <source>Drop the folder of a model to add it to the library</source>
        <translation>松开鼠标，把这个模型文件夹加入模型库</translation>
    </message>
    <message>
        <source>Downloads · %1</source>
        <translation>下载 · %1</translation>
    </message>
    <message>
        <source>Language models of Hugging Face and ModelScope</source>
        <translation>Hugging Face 与 ModelScope 上的语言模型</translation>
    </message>
    <message>
        <source>They go on while you do something else, and come back after a restart</source>
        <translation>离开此页时下载继续进行，重启后可以恢复</translation>
    </message>
</context>
<context>
    <name>flightdeck::ProgressCard</name>
    <message>
        <source>Progress of the build</source>
        <translation>构建进度</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Building %1 · %2</source>
        <translation>正在构建 %1 · %2</translation>
    </message>
    <message>
        <source> · %1 left</source>
        <translation> · 剩余 %1</translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>正在取消…</translation>
    </message>
</context>
<context>
    <name>flightdeck::QuantCard</name>
    <message>
        <source>, engine %1, memory %2, %3</source>
        <translation>，引擎 %1，内存 %2，%3</translation>
    </message>
    <message>
        <source>Memory: weights %1, KV cache %2, workspace %3</source>
        <translation>内存：权重 %1，KV 缓存 %2，工作区 %3</translation>
    </message>
    <message>
        <source>recommended</source>
        <translation>推荐</translation>
    </message>
    <message>
        <source>estimating…</source>
        <translation>正在估算…</translation>
    </message>
    <message>
        <source>engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>decode</source>
        <translation>解码</translation>
    </message>
    <message>
        <source>%1 tok/s</source>
        <translation>%1 词元/秒</translation>
    </message>
</context>
<context>
    <name>flightdeck::Rail</name>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>构建</translation>
    </message>
    <message>
        <source>Throughput</source>
        <translation>吞吐量</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
</context>
<context>
    <name>flightdeck::RateChart</name>
    <message>
        <source>Tokens per second over the last minute</source>
        <translation>最近一分钟每秒词元数</translation>
    </message>
    <message>
        <source>−60 s</source>
        <translation>−60 秒</translation>
    </message>
    <message>
        <source>now</source>
        <translation>现在</translation>
    </message>
</context>
<context>
    <name>flightdeck::RepoDetails</name>
    <message>
        <source>Ask again</source>
        <translation>重新询问</translation>
    </message>
    <message>
        <source>Needed here</source>
        <translation>本机所需</translation>
    </message>
    <message>
        <source>Choose a model to see what would be fetched and whether its engines fit this computer.</source>
        <translation>选择一个模型，查看需要下载什么，以及它的引擎能否在这台电脑上运行。</translation>
    </message>
    <message>
        <source>changed %1</source>
        <translation>更新于 %1</translation>
    </message>
    <message>
        <source>Looking at its files…</source>
        <translation>正在查看它的文件…</translation>
    </message>
    <message>
        <source>No engine can be built from it yet: %1</source>
        <translation>目前还不能用它构建引擎：%1</translation>
    </message>
    <message>
        <source>Gated: this needs a licence accepted at %1 and a token of that account.</source>
        <translation>需授权：请先在 %1 接受许可，并使用该账户的令牌。</translation>
    </message>
    <message>
        <source>%1 free on %2</source>
        <translation>%2 空闲 %1</translation>
    </message>
    <message>
        <source>To be fetched: %1 files, %2</source>
        <translation>将下载 %1 个文件，共 %2</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Build engine</source>
        <translation>构建引擎</translation>
    </message>
    <message>
        <source>Download · %1</source>
        <translation>下载 · %1</translation>
    </message>
    <message>
        <source>Download anyway · %1</source>
        <translation>仍然下载 · %1</translation>
    </message>
    <message>
        <source>Show the download</source>
        <translation>查看下载</translation>
    </message>
</context>
<context>
    <name>flightdeck::ReportView</name>
    <message>
        <source>Build another</source>
        <translation>再构建一个</translation>
    </message>
    <message>
        <source>Chat now</source>
        <translation>开始对话</translation>
    </message>
    <message>
        <source>Graph rewriting, every pass verified</source>
        <translation>计算图改写，每一遍都经过校验</translation>
    </message>
    <message>
        <source>%1 is ready</source>
        <translation>%1 已就绪</translation>
    </message>
    <message>
        <source>size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>%1 % of the checkpoint</source>
        <translation>检查点的 %1 %</translation>
    </message>
    <message>
        <source>operations</source>
        <translation>算子</translation>
    </message>
    <message>
        <source>%1 passes</source>
        <translation>%1 遍改写</translation>
    </message>
    <message>
        <source>time</source>
        <translation>用时</translation>
    </message>
    <message>
        <source>peak memory %1</source>
        <translation>峰值内存 %1</translation>
    </message>
    <message>
        <source>logit error</source>
        <translation>logit 误差</translation>
    </message>
    <message>
        <source>largest; same first choice in %1 %</source>
        <translation>最大值；%1 % 的位置首选词元相同</translation>
    </message>
    <message>
        <source>largest, against full precision</source>
        <translation>与全精度相比的最大值</translation>
    </message>
</context>
<context>
    <name>flightdeck::RequestList</name>
    <message>
        <source>Nothing runs. Send a message, or several from different chats: they share one batch.</source>
        <translation>没有正在运行的请求。发送一条消息，或在不同对话中各发一条：它们共用一个批次。</translation>
    </message>
    <message>
        <source>cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancel request %1</source>
        <translation>取消请求 %1</translation>
    </message>
    <message>
        <source>queued %1</source>
        <translation>排队 %1</translation>
    </message>
    <message>
        <source>prefill %1 / %2</source>
        <translation>预填充 %1 / %2</translation>
    </message>
    <message>
        <source>decode, first token</source>
        <translation>解码，首个词元</translation>
    </message>
    <message>
        <source>decode %1 tok/s · %2 tokens</source>
        <translation>解码 %1 词元/秒 · %2 个词元</translation>
    </message>
</context>
<context>
    <name>flightdeck::SettingsPage</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Like the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Used when an engine is opened the next time.</source>
        <translation>下次打开引擎时生效。</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>one per core</source>
        <translation>每核一个</translation>
    </message>
    <message>
        <source>CPU threads</source>
        <translation>CPU 线程数</translation>
    </message>
    <message>
        <source>For engines on the CPU and for building.</source>
        <translation>用于 CPU 引擎和构建。</translation>
    </message>
    <message>
        <source>Sequences at the same time</source>
        <translation>同时处理的序列数</translation>
    </message>
    <message>
        <source>More chats answer at once; each needs room in the cache.</source>
        <translation>越多，能同时回答的对话越多；每个都要占用缓存。</translation>
    </message>
    <message>
        <source>Memory for the KV cache</source>
        <translation>KV 缓存可用内存</translation>
    </message>
    <message>
        <source>At most this share of the memory that is free.</source>
        <translation>最多占用空闲内存的这一比例。</translation>
    </message>
    <message>
        <source>Open the last engine at start</source>
        <translation>启动时打开上次的引擎</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>更改…</translation>
    </message>
    <message>
        <source>Engines</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Settings file</source>
        <translation>设置文件</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>new chat</source>
        <translation>新对话</translation>
    </message>
    <message>
        <source>search conversations</source>
        <translation>搜索对话</translation>
    </message>
    <message>
        <source>to the composer</source>
        <translation>跳到输入框</translation>
    </message>
    <message>
        <source>stop the answer</source>
        <translation>停止回答</translation>
    </message>
    <message>
        <source>edit the last message</source>
        <translation>编辑上一条消息</translation>
    </message>
    <message>
        <source>rename · delete a conversation</source>
        <translation>重命名 · 删除对话</translation>
    </message>
    <message>
        <source>the pages</source>
        <translation>各个页面</translation>
    </message>
    <message>
        <source>settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>find in this chat</source>
        <translation>在此对话中查找</translation>
    </message>
    <message>
        <source>quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>The best there is</source>
        <translation>自动选择最好的</translation>
    </message>
    <message>
        <source>Folder for engines</source>
        <translation>引擎文件夹</translation>
    </message>
    <message>
        <source>Engines cannot be written to %1: choose another folder.</source>
        <translation>无法把引擎写入 %1：请选择其他文件夹。</translation>
    </message>
    <message>
        <source>%1, cannot be used</source>
        <translation>%1，无法使用</translation>
    </message>
</context>
<context>
    <name>flightdeck::StatusStrip</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>%1 tok/s</source>
        <translation>%1 词元/秒</translation>
    </message>
    <message>
        <source>Tokens written each second, all chats together</source>
        <translation>所有对话合计每秒生成的词元数</translation>
    </message>
    <message>
        <source>decode</source>
        <translation>解码</translation>
    </message>
    <message>
        <source>Prompt tokens read each second</source>
        <translation>每秒读取的提示词词元数</translation>
    </message>
    <message>
        <source>prefill</source>
        <translation>预填充</translation>
    </message>
    <message>
        <source>active %1 · queued %2</source>
        <translation>运行 %1 · 排队 %2</translation>
    </message>
    <message>
        <source>KV cache in use</source>
        <translation>KV 缓存使用率</translation>
    </message>
    <message>
        <source>Memory in use</source>
        <translation>内存使用率</translation>
    </message>
    <message>
        <source>KV</source>
        <translation>KV</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Loading %1 · %2</source>
        <translation>正在载入 %1 · %2</translation>
    </message>
    <message>
        <source>No engine loaded</source>
        <translation>未载入引擎</translation>
    </message>
</context>
<context>
    <name>flightdeck::TextBlock</name>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
</context>
<context>
    <name>flightdeck::ThroughputPage</name>
    <message>
        <source>Nothing to measure yet</source>
        <translation>还没有可测量的内容</translation>
    </message>
    <message>
        <source>This page shows what an engine does at every step: tokens per second, who shares the batch, how full the cache is. Open an engine and send a message.</source>
        <translation>这一页显示引擎每一步在做什么：每秒词元数、哪些请求共用批次、缓存用了多少。请打开一个引擎并发送消息。</translation>
    </message>
    <message>
        <source>Choose an engine</source>
        <translation>选择引擎</translation>
    </message>
    <message>
        <source>Decode</source>
        <translation>解码</translation>
    </message>
    <message>
        <source>Prefill</source>
        <translation>预填充</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>单步</translation>
    </message>
    <message>
        <source>In flight</source>
        <translation>运行中</translation>
    </message>
    <message>
        <source>KV cache</source>
        <translation>KV 缓存</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Tokens per second</source>
        <translation>每秒词元数</translation>
    </message>
    <message>
        <source>━ decode, left scale</source>
        <translation>━ 解码，左轴</translation>
    </message>
    <message>
        <source>╍ prefill, right scale</source>
        <translation>╍ 预填充，右轴</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>请求</translation>
    </message>
    <message>
        <source>Throughput</source>
        <translation>吞吐量</translation>
    </message>
    <message>
        <source>last 60 s</source>
        <translation>最近 60 秒</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Export CSV</source>
        <translation>导出 CSV</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Batch timeline</source>
        <translation>批次时间线</translation>
    </message>
    <message>
        <source>rows are slots, columns are iterations; a finished sequence makes room at once</source>
        <translation>行是槽位，列是迭代；序列一结束就立刻让出位置</translation>
    </message>
    <message>
        <source>▨ prefill</source>
        <translation>▨ 预填充</translation>
    </message>
    <message>
        <source>decode, one colour a sequence</source>
        <translation>解码，每个序列一种颜色</translation>
    </message>
    <message>
        <source>%1 tok/s</source>
        <translation>%1 词元/秒</translation>
    </message>
    <message>
        <source>peak %1</source>
        <translation>峰值 %1</translation>
    </message>
    <message>
        <source>1 prompt</source>
        <translation>1 个提示词</translation>
    </message>
    <message>
        <source>%1 prompts</source>
        <translation>%1 个提示词</translation>
    </message>
    <message>
        <source>host %1</source>
        <translation>主机 %1</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>queued %1</source>
        <translation>排队 %1</translation>
    </message>
    <message>
        <source>%1 / %2 blocks</source>
        <translation>%1 / %2 块</translation>
    </message>
    <message>
        <source>iteration %1</source>
        <translation>第 %1 次迭代</translation>
    </message>
    <message>
        <source>Nothing was exported: %1</source>
        <translation>未能导出：%1</translation>
    </message>
    <message>
        <source>%1 + KV %2</source>
        <translation>%1 + KV %2</translation>
    </message>
    <message>
        <source>weights %1, KV cache %2</source>
        <translation>权重 %1，KV 缓存 %2</translation>
    </message>
    <message>
        <source>GPU</source>
        <translation>GPU</translation>
    </message>
    <message>
        <source>%1 % busy</source>
        <translation>占用 %1 %</translation>
    </message>
    <message>
        <source>%1 of %2 W, %3 MHz, %4 °C</source>
        <translation>%1 / %2 W，%3 MHz，%4 °C</translation>
    </message>
</context>
<context>
    <name>flightdeck::Toast</name>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>flightdeck::TranscriptView</name>
    <message>
        <source>Conversation</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Jump to the latest</source>
        <translation>跳到最新</translation>
    </message>
    <message>
        <source>Open this address?</source>
        <translation>打开这个网址？</translation>
    </message>
</context>
<context>
    <name>flightdeck::TunePanel</name>
    <message>
        <source>Tune this chat</source>
        <translation>调节此对话</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>系统提示词</translation>
    </message>
    <message>
        <source>How the model should answer in this chat, for example: Answer in one sentence.</source>
        <translation>希望模型在此对话中怎样回答，例如：用一句话回答。</translation>
    </message>
    <message>
        <source>The longest answer</source>
        <translation>回答的最大长度</translation>
    </message>
    <message>
        <source>Sampling as the model suggests</source>
        <translation>使用模型推荐的采样设置</translation>
    </message>
    <message>
        <source>0 always takes the likeliest token; higher is more varied</source>
        <translation>0 总是取最可能的词元；越高越多样</translation>
    </message>
    <message>
        <source>Only the likeliest tokens that together have this probability</source>
        <translation>只取累计概率达到此值的最可能词元</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Only this many of the likeliest tokens</source>
        <translation>只取最可能的这么多个词元</translation>
    </message>
    <message>
        <source>Only tokens at least this fraction as likely as the likeliest</source>
        <translation>只取概率不低于最大概率这一比例的词元</translation>
    </message>
    <message>
        <source>Above 1: tokens that were used become less likely</source>
        <translation>大于 1：已用过的词元概率降低</translation>
    </message>
    <message>
        <source>random</source>
        <translation>随机</translation>
    </message>
    <message>
        <source>The same seed gives the same answer</source>
        <translation>相同的种子得到相同的回答</translation>
    </message>
    <message>
        <source>Stop texts, one a line</source>
        <translation>停止文本，每行一个</translation>
    </message>
    <message>
        <source>The answer ends before any of these</source>
        <translation>遇到其中任何一个，回答就在它之前结束</translation>
    </message>
    <message>
        <source>Stop texts</source>
        <translation>停止文本</translation>
    </message>
</context>
<context>
    <name>format</name>
    <message>
        <source>%1 TB</source>
        <translation>%1 TB</translation>
    </message>
    <message>
        <source>%1 GB</source>
        <translation>%1 GB</translation>
    </message>
    <message>
        <source>%1 MB</source>
        <translation>%1 MB</translation>
    </message>
    <message>
        <source>%1 KB</source>
        <translation>%1 KB</translation>
    </message>
    <message>
        <source>%1 B</source>
        <translation>%1 B</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 秒</translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation>%1 分 %2 秒</translation>
    </message>
    <message>
        <source>%1 h %2 min</source>
        <translation>%1 小时 %2 分</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1 毫秒</translation>
    </message>
    <message>
        <source>yesterday</source>
        <translation>昨天</translation>
    </message>
    <message>
        <source>d MMM</source>
        <extracomment>a date in Qt&apos;s letters</extracomment>
        <translation>M月d日</translation>
    </message>
    <message>
        <source>d MMM yyyy</source>
        <translation>yyyy年M月d日</translation>
    </message>
</context>
<context>
    <name>message</name>
    <message>
        <source>stop: eos</source>
        <translation>结束：eos</translation>
    </message>
    <message>
        <source>stop: stop text</source>
        <translation>结束：停止文本</translation>
    </message>
    <message>
        <source>stop: length</source>
        <translation>结束：长度上限</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>interrupted</source>
        <translation>已中断</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 个词元</translation>
    </message>
    <message>
        <source>%1 tok/s</source>
        <translation>%1 词元/秒</translation>
    </message>
    <message>
        <source>first token %1</source>
        <translation>首个词元 %1</translation>
    </message>
    <message>
        <source>prompt %1 tokens</source>
        <translation>提示词 %1 个词元</translation>
    </message>
    <message>
        <source> (%1 reused)</source>
        <translation>（复用 %1）</translation>
    </message>
    <message>
        <source> %1 tok/s</source>
        <translation> %1 词元/秒</translation>
    </message>
    <message>
        <source>preparing</source>
        <translation>准备中</translation>
    </message>
    <message>
        <source>reading prompt %1 / %2</source>
        <translation>正在读取提示词 %1 / %2</translation>
    </message>
    <message>
        <source>waiting for a place in the batch</source>
        <translation>等待批次中的空位</translation>
    </message>
    <message>
        <source>sharing the batch with 1 other request</source>
        <translation>与另外 1 个请求共用批次</translation>
    </message>
    <message>
        <source>sharing the batch with %1 other requests</source>
        <translation>与另外 %1 个请求共用批次</translation>
    </message>
    <message>
        <source>Thinking… %1</source>
        <translation>思考中… %1</translation>
    </message>
    <message>
        <source>Thought for %1</source>
        <translation>思考了 %1</translation>
    </message>
    <message>
        <source>Thought</source>
        <translation>思考过程</translation>
    </message>
    <message>
        <source>The oldest %1 messages no longer fit the context and were left out of this answer.</source>
        <translation>最早的 %1 条消息已放不进上下文，这条回答没有用到它们。</translation>
    </message>
    <message>
        <source>This answer was interrupted. Regenerate writes it anew; this version stays.</source>
        <translation>这条回答被中断了。“重新生成”会重写一条；这个版本会保留。</translation>
    </message>
</context>
</TS>
