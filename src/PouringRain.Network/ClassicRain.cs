using PouringRain.Protocol.Classic;

namespace PouringRain.Network;

/// <summary>That and how a listener also answers wire format 1.</summary>
/// <param name="Options">Whom it answers, and how much.</param>
/// <param name="Catalog">What it may rain so.</param>
/// <param name="OnPropagate">Told of every PROPAGATE from an allowed sender; called on the receive loop: must not wait.</param>
public sealed record ClassicRain(ClassicServerOptions Options, IClassicCatalog Catalog, Action<ClassicPropagateRequest> OnPropagate);
