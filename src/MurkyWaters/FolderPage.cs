using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters;

/// <summary>A page of a folder, as far as the nodes that answered know it.</summary>
/// <param name="Folder">The folder: empty for the uppermost, else with a slash at the end.</param>
/// <param name="Items">In the order of <see cref="FolderEntry.Key"/>.</param>
/// <param name="Next">The key behind which the next page begins; null at the end.</param>
/// <param name="Silent">Nodes that have not told what they have.</param>
public sealed record FolderPage(string Folder, IReadOnlyList<FolderEntry> Items, string? Next, IReadOnlyList<NodeId> Silent);
