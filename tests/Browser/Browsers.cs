namespace Browser;

/// <summary>Ends with the tests, and all browsers with it.</summary>
public sealed class Browsers : IDisposable
{
    public void Dispose() => Chromium.EndIdle();
}
