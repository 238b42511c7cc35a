namespace Gateway.Http;

/// <summary>Sets of methods that an endpoint is mapped for.</summary>
/// <remarks>Handlers are given to <c>MapMethods</c> and its like where they are mapped, by name: what binds them to requests is compiled
/// ahead then.</remarks>
internal static class Methods
{
    /// <summary>A reading: HEAD is always there where GET is (RFC 9110 §9.1).</summary>
    public static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>A HEAD that takes or answers something else than its GET.</summary>
    public static readonly string[] Head = [HttpMethods.Head];
}
