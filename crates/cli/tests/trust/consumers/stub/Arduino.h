// As much of an Arduino core's header of this name as a file of anchors uses.

#pragma once

#define PROGMEM __attribute__((section(".rodata.progmem")))
